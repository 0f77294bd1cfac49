using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Converts each element to another dtype. Floats become integers by dropping the fraction (NaN and values out of range are
/// unspecified), truth values become 0 and 1, numbers become true where they are not 0. Shape unchanged.
/// </summary>
/// <param name="To">The dtype of the result.</param>
public sealed record Cast(DType To) : Elementwise
{
    /// <inheritdoc/>
    public override string Attributes => $" {To.Text()}";

    /// <summary>Keeps the shape, changes the dtype.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0] with { DType = To.Checked() };

    /// <inheritdoc/>
    public override LambdaExpression Scalar =>
        To switch
        {
            DType.Bool => (Expression<Func<double, bool>>)(x => x != 0),
            DType.I32 => Rule(x => Math.Truncate(x)),
            DType.F32 or DType.F64 => Rule(x => x),
            _ => throw new InvalidOperationException($"cast: no rule for {To.Text()}."),
        };

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) =>
        [To.IsFloat() && y.Operands[0].DType.IsFloat() ? dy.Cast(y.Operands[0].DType) : null];

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => tangents[0]?.Cast(To);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => y.Operands[0].DType == To ? y.Operands[0] : null;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3]);
        var whole = x.Cast(DType.I32);
        return [x.Cast(DType.F64).Cast(DType.F32), whole, (x > 0f).Cast(DType.F32), whole.Cast(DType.Bool), whole.Cast(DType.F32)];
    }
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Cast"/>
    public static Expr Cast(this Expr x, DType to) => x.DType == to ? x : Expr.Of(new Cast(to), x);
}
