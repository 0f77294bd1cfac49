using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Gives the index of the largest element along one axis, as i32: the first one where several tie, the first NaN if there is one.</summary>
/// <param name="Axis">The axis that is searched; it stays as a dim of 1. No gradient flows.</param>
public sealed record ArgMax(int Axis) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" axis {Axis}";

    /// <summary>Turns the axis into a dim of 1; the result is i32.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) =>
        Reduction.Fold(Name, operands[0], Axes.Of(Axis), allowsEmpty: false) with
        {
            DType = DType.I32,
        };

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        var x = y.Operands[0].Shape;
        var to = Layout.Offsets(x.ToArray(), Layout.BroadcastStrides(y.Shape, x));
        var best = new double[result.Length];
        var seen = new int[result.Length];
        for (int i = 0; i < to.Length; i++)
        {
            ref double top = ref best[to[i]];
            int index = seen[to[i]]++;
            if (index != 0 && !(operands[0][i] > top) && !(double.IsNaN(operands[0][i]) && !double.IsNaN(top)))
                continue;
            top = operands[0][i];
            result[to[i]] = index;
        }
    }

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this with { Axis = Axis + 1 }, operands);

    /// <summary>Is the least index among those that hold the maximum or NaN.</summary>
    public override Expr? Expand(Expr y)
    {
        var x = y.Operands[0];
        var axes = Axes.Of(Axis);
        var index = Expr.Iota(x.Shape, Axis);
        var wins = x.EqualTo(Expr.Of(new ReduceMax(axes), x)) | x.NotEqualTo(x);
        return Expr.Of(new ReduceMin(axes), Expr.Select(wins, index, index.Like((double)int.MaxValue)));
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() =>
        [Expr.Input("x", [2, 3]).ArgMax(1), Expr.Input("x", [2, 3, 2]).ArgMax(1), Expr.Input("i", [4], DType.I32).ArgMax(0)];
}

public static partial class Verbs
{
    /// <summary>Gives the index of the largest element along <paramref name="axis"/>, as i32; the axis vanishes from the shape.</summary>
    /// <example><code>Expr guess = scores.ArgMax(-1);   // f32[N,10] -> i32[N]</code></example>
    public static Expr ArgMax(this Expr x, int axis)
    {
        axis = x.Shape.Axis(axis, "arg_max");
        var kept = x.Shape.Dims.ToArray().Where((_, i) => i != axis).ToArray();
        return Expr.Of(new ArgMax(axis), x).Reshape(new Shape(kept));
    }
}
