using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Adds up the elements along axes. The order of addition is fixed by the shape alone, never by the number of threads.</summary>
/// <param name="Axes">The axes that are folded; they stay as dims of 1.</param>
public sealed record ReduceSum(Axes Axes) : Reduction(Axes)
{
    /// <inheritdoc/>
    protected override bool AllowsEmpty => true;

    /// <inheritdoc/>
    public override double Seed => 0;

    /// <inheritdoc/>
    public override double Combine(double folded, double element) => folded + element;

    /// <summary>Copies the cotangent to every element that was added.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy.BroadcastTo(y.Operands[0].Shape)];

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3, 4]);
        return [x.Sum(), x.Sum(1), x.Sum([0, 2], keepDims: true), x.Sum(-1)];
    }
}

public static partial class Verbs
{
    /// <summary>Adds up the elements along <paramref name="axes"/> (none named: all of them); the axes vanish from the shape.</summary>
    /// <example><code>Expr perImage = x.Sum(1);   // f32[N,784] -> f32[N]</code></example>
    public static Expr Sum(this Expr x, params int[] axes) => x.Sum(axes, keepDims: false);

    /// <summary>Adds up the elements along <paramref name="axes"/>; with <paramref name="keepDims"/> they stay as dims of 1.</summary>
    public static Expr Sum(this Expr x, int[] axes, bool keepDims) => Reduction.Reduce(x, axes, keepDims, a => new ReduceSum(a));

    /// <summary>Averages the elements along <paramref name="axes"/> (none named: all of them); the axes vanish from the shape.</summary>
    public static Expr Mean(this Expr x, params int[] axes) => x.Mean(axes, keepDims: false);

    /// <summary>Averages the elements along <paramref name="axes"/>; with <paramref name="keepDims"/> they stay as dims of 1.</summary>
    /// <exception cref="ShapeException">The operand is not f32 or f64, or an axis is out of range.</exception>
    public static Expr Mean(this Expr x, int[] axes, bool keepDims)
    {
        Elementwise.SameFloat("mean", [x.Type]);
        var set = Axes.Of(x.Shape, axes, "mean");
        var folded = x.Shape.Dims.ToArray().Where((_, axis) => set.Contains(axis)).ToArray();
        return x.Sum(axes, keepDims) / Expr.Of(new Extent(new Shape(folded), x.DType));
    }
}
