using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Takes the largest element along axes; NaN if any element is NaN.</summary>
/// <param name="Axes">The axes that are folded; they stay as dims of 1.</param>
public sealed record ReduceMax(Axes Axes) : Reduction(Axes)
{
    /// <inheritdoc/>
    public override double Seed => double.NegativeInfinity;

    /// <inheritdoc/>
    public override double Combine(double folded, double element) => Math.Max(folded, element);

    /// <summary>Routes the cotangent to the largest elements alone, in equal parts where several tie.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var x = y.Operands[0];
        var mask = x.EqualTo(y);
        var ties = Expr.Of(new ReduceSum(Axes), mask.Cast(x.DType));
        return [Expr.Select(mask, dy / ties, dy.Like(0))];
    }

    /// <summary>Averages the tangents of the largest elements; nothing moves where one is NaN.</summary>
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
        return [x.Max(), x.Max(1), x.Max([0, 2], keepDims: true), x.Cast(DType.I32).Max(-1)];
    }
}

public static partial class Verbs
{
    /// <summary>Takes the largest element along <paramref name="axes"/> (none named: all of them); the axes vanish from the shape.</summary>
    public static Expr Max(this Expr x, params int[] axes) => x.Max(axes, keepDims: false);

    /// <summary>Takes the largest element along <paramref name="axes"/>; with <paramref name="keepDims"/> they stay as dims of 1.</summary>
    public static Expr Max(this Expr x, int[] axes, bool keepDims) => Reduction.Reduce(x, axes, keepDims, a => new ReduceMax(a));
}
