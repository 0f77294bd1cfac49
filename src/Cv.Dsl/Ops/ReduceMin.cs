using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Takes the smallest element along axes; NaN if any element is NaN.</summary>
/// <param name="Axes">The axes that are folded; they stay as dims of 1.</param>
public sealed record ReduceMin(Axes Axes) : Reduction(Axes)
{
    /// <inheritdoc/>
    public override double Seed => double.PositiveInfinity;

    /// <inheritdoc/>
    public override double Combine(double folded, double element) => Math.Min(folded, element);

    /// <summary>Routes the cotangent to the smallest elements alone, in equal parts where several tie.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var x = y.Operands[0];
        var mask = x.EqualTo(y);
        var ties = Expr.Of(new ReduceSum(Axes), mask.Cast(x.DType));
        return [Expr.Select(mask, dy / ties, dy.Like(0))];
    }

    /// <summary>Averages the tangents of the smallest elements; nothing moves where one is NaN.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        var (x, dx) = (y.Operands[0], tangents[0]!);
        var mask = x.EqualTo(y);
        var ties = Expr.Of(new ReduceSum(Axes), mask.Cast(x.DType));
        return Expr.Of(new ReduceSum(Axes), Expr.Select(mask, dx / ties, dx.Like(0)));
    }

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    internal override Expr? Choice(Expr y, int operand) => y.Operands[0].EqualTo(y);

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3, 4]);
        return [x.Min(), x.Min(1), x.Min([0, 2], keepDims: true), x.Cast(DType.I32).Min(-1)];
    }
}

public static partial class Verbs
{
    /// <summary>Takes the smallest element along <paramref name="axes"/> (none named: all of them); the axes vanish from the shape.</summary>
    public static Expr Min(this Expr x, params int[] axes) => x.Min(axes, keepDims: false);

    /// <summary>Takes the smallest element along <paramref name="axes"/>; with <paramref name="keepDims"/> they stay as dims of 1.</summary>
    public static Expr Min(this Expr x, int[] axes, bool keepDims) => Reduction.Reduce(x, axes, keepDims, a => new ReduceMin(a));
}
