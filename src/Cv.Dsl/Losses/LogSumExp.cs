namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Takes log sum exp x along <paramref name="axes"/> (none named: all of them), a smooth maximum; the axes vanish from the shape.</summary>
    public static Expr LogSumExp(this Expr x, params int[] axes) => x.LogSumExp(axes, keepDims: false);

    /// <summary>
    /// Takes log sum exp x along <paramref name="axes"/>, a smooth maximum; with <paramref name="keepDims"/> they stay as dims of 1. Neither overflows nor
    /// loses what is small: the maximum is taken out first. Infinities come out as they would on paper.
    /// </summary>
    /// <remarks>The gradient is the softmax along the axes.</remarks>
    /// <example><code>Expr free = scores.LogSumExp(-1);   // f32[N,10] -> f32[N]</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64, or an axis is out of range, or folded and empty.</exception>
    public static Expr LogSumExp(this Expr x, int[] axes, bool keepDims)
    {
        Elementwise.SameFloat("log_sum_exp", [x.Type]);
        var most = x.Max(axes, keepDims: true);
        // infinity less infinity would be NaN; no gradient need flow through the shift, for nothing depends on it
        var shift = Expr.Select(most.Abs() < double.PositiveInfinity, most, most.Like(0)).StopGradient();
        var sum = (x - shift).Exp().Sum(axes, keepDims);
        return sum.Log() + shift.Reshape(sum.Shape);
    }
}
