using Cv.Dsl;

namespace Cv.Examples.Gates;

static partial class OwnVerbs
{
    /// <summary>Scales each row to length 1: x / sqrt(sum x^2), [N, C]. A row of zeros stays.</summary>
    public static Expr UnitLength(this Expr x) => x / ((x * x).Sum([1], keepDims: true) + 1e-12).Sqrt();

    /// <inheritdoc cref="UnitLength(Expr)"/>
    public static Model UnitLength(this Model model) => model.Then(UnitLength);
}
