using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Takes the Euclidean length along axes: sqrt(sum x^2), f32 or f64. The largest element is divided out first, so that no square overflows or vanishes.
/// </summary>
/// <param name="Axes">The axes that are folded; they stay as dims of 1.</param>
/// <remarks>
/// An op for the sake of its gradient, x / norm, which at 0 is 0, the subgradient of least length; so are all higher derivatives there. The length of nothing is 0. The scaling is that of
/// Blue, "A Portable Fortran Program to Find the Euclidean Norm of a Vector" (1978).
/// </remarks>
public sealed record Norm(Axes Axes) : Op
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
        var largest = new double[result.Length];
        for (int i = 0; i < to.Length; i++)
            largest[to[i]] = Math.Max(largest[to[i]], Math.Abs(operands[0][i]));
        result.Clear();
        for (int i = 0; i < to.Length; i++)
            result[to[i]] += Math.Pow(operands[0][i] / Scale(largest[to[i]]), 2);
        for (int i = 0; i < result.Length; i++)
            result[i] = Math.Sqrt(result[i]) * Scale(largest[i]);

        static double Scale(double largest) => largest > 0 && double.IsFinite(largest) ? largest : 1;
    }

    /// <summary>Gives each element its part of the length: x / y, and 0 where the length is 0.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * Direction(y)];

    /// <summary>Adds up what each element moves the length by: sum (x / y) dx.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => Expr.Of(new ReduceSum(Axes), Direction(y) * tangents[0]!);

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => mask is null ? null : Mask.Any(mask, Axes, y.DType);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(new Norm(Axes.BehindAnother()), operands);

    /// <summary>Is largest sqrt(sum (x / largest)^2), where the largest is a number above 0.</summary>
    public override Expr? Expand(Expr y)
    {
        var x = y.Operands[0];
        foreach (int axis in Axes.List())
            if (x.Shape[axis] == 0)
                return y.Like(0).BroadcastTo(y.Shape);
        var largest = Expr.Of(new ReduceMax(Axes), x.Abs());
        var scale = Expr.Select((largest > 0.0) & (largest < double.PositiveInfinity), largest, largest.Like(1));
        var part = x / scale;
        return Expr.Of(new ReduceSum(Axes), part * part).Sqrt() * scale;
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3, 4], DType.F64); // in f32 the parts of its definition round, each by itself
        return [x.Norm(), x.Norm(1), x.Norm([0, 2], keepDims: true), x.Norm(-1)];
    }

    /// <summary>Gives x / y, a vector of length 1, and 0 where y is 0.</summary>
    static Expr Direction(Expr y)
    {
        var isZero = y.EqualTo(0);
        return Expr.Select(isZero, y.Like(0), y.Operands[0] / Expr.Select(isZero, y.Like(1), y));
    }
}

public static partial class Verbs
{
    /// <summary>Takes the Euclidean length along <paramref name="axes"/> (none named: all of them), sqrt(sum x^2); they vanish from the shape.</summary>
    public static Expr Norm(this Expr x, params int[] axes) => x.Norm(axes, keepDims: false);

    /// <summary>
    /// Takes the Euclidean length along <paramref name="axes"/>, sqrt(sum x^2); with <paramref name="keepDims"/> they stay as dims of 1. Neither 1e30 nor 1e-30 is too far: no
    /// square overflows or vanishes.
    /// </summary>
    /// <remarks>The gradient is x / norm. Where the norm is 0, it is 0, and so are all higher derivatives. The norm of nothing is 0.</remarks>
    /// <example><code>Expr unit = x / (x.Norm([-1], keepDims: true) + 1e-6f);   // f32[N,64] -> f32[N,64]</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64, or an axis is out of range.</exception>
    public static Expr Norm(this Expr x, int[] axes, bool keepDims) => Reduction.Reduce(x, axes, keepDims, a => new Norm(a));
}
