using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Negates each element: -x. Shape and dtype unchanged.</summary>
public sealed record Neg : Elementwise
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => -x);

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [-dy];

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => x, // -(-x) = x
            (_, [(Sub, [var a, var b])]) => b - a, // -(a - b) = b - a (a zero's sign may change)
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [-Expr.Input("x", [2, 3]), -Expr.Input("i", [3], DType.I32)];
}
