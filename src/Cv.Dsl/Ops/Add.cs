using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Adds elementwise: a + b. Operands share a dtype; shapes broadcast.</summary>
public sealed record Add : Binary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule((a, b) => a + b);

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (a, b) = (y.Operands[0], y.Operands[1]);
        return [dy, dy];
    }

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Const, _) and var c, var x]) when x.Op is not Const => x + c, // constants stand on the right
            (_, [var x, (Const(0, _), _)]) => x, // x + 0 = x (a zero's sign may change)
            (_, [var x, (Neg, [var z])]) => x - z, // x + -z = x - z
            (_, [(Neg, [var z]), var x]) => x - z, // -z + x = x - z
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b, s) = (Expr.Input("a", [2, 3]), Expr.Input("b", [2, 1]), Expr.Input("s", []));
        return [a + b, s + a];
    }
}
