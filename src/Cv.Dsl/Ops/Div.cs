using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Divides elementwise: a / b. Operands are f32 or f64 and share a dtype; shapes broadcast.</summary>
/// <remarks>Division by 0 gives infinity or NaN, as IEEE 754 says.</remarks>
public sealed record Div : Binary
{
    /// <summary>Broadcasts the operands, which must be f32 or f64.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        SameFloat(Name, operands);
        return base.Infer(operands);
    }

    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule((a, b) => a / b);

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (a, b) = (y.Operands[0], y.Operands[1]);
        return [dy / b, -(dy * y) / b];
    }

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [var x, (Const(1, _), _)]) => x, // x / 1 = x
            (_, [var x, (Const(-1, _), _)]) => -x, // x / -1 = -x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b, s) = (Expr.Input("a", [2, 3]), Expr.Input("b", [2, 1]), Expr.Input("s", []));
        return [a / (b).Exp(), s / (a).Exp()];
    }
}
