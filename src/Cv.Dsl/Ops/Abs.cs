using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes the magnitude of each element. Shape and dtype unchanged.</summary>
/// <remarks>The gradient at 0 is 0.</remarks>
public sealed record Abs : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Abs(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * y.Operands[0].Sign()];

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => x.Abs(), // |-x| = |x|
            (_, [(Abs, _) and var x]) => x, // ||x|| = |x|
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Abs()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Abs"/>
    public static Expr Abs(this Expr x) => Expr.Of(new Abs(), x);
}
