using Cv.Dsl;

namespace Cv.Examples.Gates;

static partial class OwnVerbs
{
    public static Expr Scaled(this Expr x, string? name = null)
    {
        var layer = Identity.New("scaled", name);
        return x * Expr.Parameter(layer, "factor", [1, x.Shape[1]], Initialiser.Ones); // scaled1.factor
    }
}
