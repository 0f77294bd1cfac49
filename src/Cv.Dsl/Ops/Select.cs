using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes each element from <c>a</c> where a bool mask holds, else from <c>b</c>. Operands share a dtype; shapes broadcast.</summary>
/// <remarks>The gradient masks before it multiplies: NaN or infinity in the branch that is not taken never reaches it.</remarks>
public sealed record Select : Elementwise
{
    /// <summary>Broadcasts the mask, which must be bool, with two operands of one dtype.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (operands[0].DType != DType.Bool)
            throw new ShapeException($"{Name}: the mask must be bool; got {operands[0]}. Compare first: x > 0?");
        return new(SameDType(Name, operands[1..]), Broadcasting.Unify(Name, operands));
    }

    /// <inheritdoc/>
    public override LambdaExpression Scalar => (Expression<Func<bool, double, double, double>>)((mask, a, b) => mask ? a : b);

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (mask, zero) = (y.Operands[0], dy.Like(0));
        return [null, Expr.Select(mask, dy, zero), Expr.Select(mask, zero, dy)];
    }

    /// <summary>Moves as the branch that is taken.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) =>
        Expr.Select(y.Operands[0], tangents[1] ?? y.Like(0), tangents[2] ?? y.Like(0));

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <summary>Keeps of a mask what is taken from the operand.</summary>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) =>
        Mask.Unrepeated(Mask.And(mask, Taken(y, operand)), y.Operands[operand].Shape, y.DType);

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => Mask.And(mask, Taken(y, operand));

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [_, var a, var b]) when a == b && a.Type == y.Type => a, // select(m, x, x) = x
            (_, [(Not, [var mask]), var a, var b]) => Expr.Select(mask, b, a), // select(!m, a, b) = select(m, b, a)
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (m, a, b) = (Expr.Input("m", [2, 3]), Expr.Input("a", [2, 3]), Expr.Input("b", [1, 3]));
        return [Expr.Select(m > 0f, a, b), Expr.Select(m > 0f, a, a.Like(0))];
    }

    static Expr Taken(Expr y, int operand) => operand == 1 ? y.Operands[0] : Mask.Not(y.Operands[0]);
}

public sealed partial class Expr
{
    /// <inheritdoc cref="Dsl.Select"/>
    public static Expr Select(Expr mask, Expr a, Expr b) => Of(new Select(), mask, a, b);
}
