namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Takes the standard deviation along <paramref name="axes"/> (none named: all of them), the root of <see cref="Variance(Expr, int[])"/>; they vanish from the shape.</summary>
    public static Expr Std(this Expr x, params int[] axes) => x.Std(axes, keepDims: false);

    /// <summary>
    /// Takes the standard deviation along <paramref name="axes"/>, sqrt(sum (x - mean)^2 / n), with n and not n - 1 below; with <paramref name="keepDims"/> they stay as dims
    /// of 1. That of a sample is this times sqrt(n / (n - 1)).
    /// </summary>
    /// <remarks>
    /// It is the length of the differences from the mean (<see cref="Norm(Expr, int[], bool)"/>), so no square overflows. The gradient is (x - mean) / (n std). Where all elements are
    /// equal, it is 0, and so are all higher derivatives. The deviation of nothing is NaN, as its mean is.
    /// </remarks>
    /// <example><code>Expr z = (x - x.Mean([0], keepDims: true)) / (x.Std([0], keepDims: true) + 1e-6f);   // f32[N,8] -> f32[N,8]</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64, or an axis is out of range.</exception>
    public static Expr Std(this Expr x, int[] axes, bool keepDims)
    {
        Elementwise.SameFloat("std", [x.Type]);
        var set = Axes.Of(x.Shape, axes, "std");
        return (x - x.Mean(axes, keepDims: true)).Norm(axes, keepDims) / Count(x, set).Sqrt();
    }
}
