using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Averages the squared differences from the mean along axes: sum_i (x_i - mean)^2 / n, with n and not n - 1 below. The mean is taken first, so that nothing
/// large cancels.
/// </summary>
/// <param name="Axes">The axes that are folded; they stay as dims of 1.</param>
/// <remarks>
/// An op for the sake of its gradient, 2 (x - mean) / n: what flows through the mean adds up to 0, so that no sum need be taken on the way back.
/// </remarks>
public sealed record Variance(Axes Axes) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" {Axes}";

    /// <summary>Keeps dtype, f32 or f64, and rank; the folded dims become 1.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        Elementwise.SameFloat(Name, operands);
        return Reduction.Fold(Name, operands[0], Axes, allowsEmpty: true);
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        var x = y.Operands[0].Shape;
        var to = Layout.Offsets(x.ToArray(), Layout.BroadcastStrides(y.Shape, x));
        double n = result.Length == 0 ? 0 : to.Length / result.Length;
        var means = new double[result.Length];
        for (int i = 0; i < to.Length; i++)
            means[to[i]] += operands[0][i] / n;
        result.Fill(n == 0 ? double.NaN : 0);
        for (int i = 0; i < to.Length; i++)
            result[to[i]] += Math.Pow(operands[0][i] - means[to[i]], 2) / n;
    }

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var x = y.Operands[0];
        return [dy * (2.0 / Verbs.Count(x, Axes)) * (x - Mean(x))];
    }

    /// <summary>Averages 2 (x - mean) dx: what the mean moves by adds up to 0.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => Mean((y.Operands[0] - Mean(y.Operands[0])) * tangents[0]!) * 2.0;

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => mask is null ? null : Mask.Any(mask, Axes, y.DType);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(new Variance(Axes.BehindAnother()), operands);

    /// <inheritdoc/>
    public override Expr? Expand(Expr y)
    {
        var difference = y.Operands[0] - Mean(y.Operands[0]);
        return Mean(difference * difference);
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3, 4], DType.F64); // in f32 the parts of its definition round, each by itself
        return [x.Variance(), x.Variance(1), x.Variance([0, 1], keepDims: true), x.Variance(-1)];
    }

    Expr Mean(Expr x) => x.Mean([.. Axes.List()], keepDims: true);
}

public static partial class Verbs
{
    /// <summary>Averages the squared differences from the mean along <paramref name="axes"/> (none named: all of them); the axes vanish from the shape.</summary>
    public static Expr Variance(this Expr x, params int[] axes) => x.Variance(axes, keepDims: false);

    /// <summary>Averages the squared differences from the mean along <paramref name="axes"/>; with <paramref name="keepDims"/> they stay as dims of 1.</summary>
    /// <example><code>Expr perChannel = images.Variance(0, 1, 2);   // f32[N,28,28,3] -> f32[3]</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64, or an axis is out of range.</exception>
    public static Expr Variance(this Expr x, int[] axes, bool keepDims) => Reduction.Reduce(x, axes, keepDims, a => new Variance(a));

    /// <summary>Counts the elements along axes, as a scalar of the operand's dtype.</summary>
    internal static Expr Count(Expr x, Axes axes) =>
        Expr.Of(new Extent(new Shape([.. axes.List().Select(axis => x.Shape[axis])]), x.DType));
}
