using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Multiplies elementwise: a * b. Operands share a dtype; shapes broadcast.</summary>
/// <remarks>x * 0 is not rewritten to 0: for NaN and infinity it is NaN.</remarks>
public sealed record Mul : Binary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule((a, b) => a * b);

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (a, b) = (y.Operands[0], y.Operands[1]);
        return [dy * b, dy * a];
    }

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) =>
        y.Operands[1 - operand].Op is Const { Value: var factor } && double.IsFinite(factor);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Const, _) and var c, var x]) when x.Op is not Const => x * c, // constants stand on the right
            (_, [var x, (Const(1, _), _)]) => x, // x * 1 = x
            (_, [var x, (Const(-1, _), _)]) => -x, // x * -1 = -x
            (_, [(Neg, [var x]), (Neg, [var z])]) => x * z, // -x * -z = x * z
            (_, [(Neg, [var x]), var z]) => -(x * z), // -x * z = -(x * z)
            (_, [var x, (Neg, [var z])]) => -(x * z), // x * -z = -(x * z)
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b, s) = (Expr.Input("a", [2, 3]), Expr.Input("b", [2, 1]), Expr.Input("s", []));
        return [a * b, s * a];
    }
}
