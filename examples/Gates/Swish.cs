using Cv.Dsl;

namespace Cv.Examples.Gates;

static partial class OwnVerbs
{
    /// <summary>Lets elements through as far as a sigmoid opens: x sigmoid x. Shape and dtype unchanged.</summary>
    /// <remarks>Ramachandran, Zoph and Le, "Searching for Activation Functions" (2017).</remarks>
    public static Expr Swish(this Expr x) => x * x.Sigmoid();

    /// <inheritdoc cref="Swish(Expr)"/>
    public static Model Swish(this Model model) => model.Then(Swish);
}
