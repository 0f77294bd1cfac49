using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>The family of ops that fold axes of a tensor into extents of 1, by an operation that is associative over the reals.</summary>
/// <param name="Axes">The axes that are folded.</param>
public abstract record Reduction(Axes Axes) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" {Axes}";

    /// <summary>Gives the value of an empty fold.</summary>
    public abstract double Seed { get; }

    /// <summary>Tells whether an empty fold has a value, as a sum has and a maximum has not.</summary>
    protected virtual bool AllowsEmpty => false;

    /// <summary>Folds one more element in.</summary>
    public abstract double Combine(double folded, double element);

    /// <summary>Keeps dtype and rank; the folded dims become 1.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => Fold(Name, operands[0], Axes, AllowsEmpty);

    /// <summary>Turns the folded dims into 1.</summary>
    internal static TensorType Fold(string op, TensorType operand, Axes axes, bool allowsEmpty)
    {
        if (operand.DType == DType.Bool)
            throw new ShapeException($"{op}: the operand must be numbers; got {operand}. Cast first: .Cast(DType.F32)?");
        var shape = operand.Shape;
        foreach (int axis in axes.List())
        {
            if (axis >= shape.Rank)
                throw new ShapeException($"{op}: the axes must be dims of {operand}; got {axes}. Axes count from 0.");
            if (!allowsEmpty && shape[axis] == 0)
                throw new ShapeException(
                    $"{op}: a folded dim must hold an element; got {operand} with axis {axis} empty. Only a sum of nothing has a value."
                );
            shape = shape.With(axis, 1);
        }
        return operand with { Shape = shape };
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Fill(Seed);
        var x = y.Operands[0].Shape;
        var to = Layout.Offsets(x.ToArray(), Layout.BroadcastStrides(y.Shape, x));
        for (int i = 0; i < to.Length; i++)
            result[to[i]] = Combine(result[to[i]], operands[0][i]);
    }

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => mask is null ? null : Mask.Any(mask, Axes, y.DType);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this with { Axes = Axes.BehindAnother() }, operands);

    internal static Expr Reduce(Expr x, ReadOnlySpan<int> axes, bool keepDims, Func<Axes, Op> make)
    {
        var set = Axes.Of(x.Shape, axes, make(default).Name);
        var y = set.Mask == 0 ? x : Expr.Of(make(set), x);
        if (keepDims)
            return y;
        var kept = x.Shape.Dims.ToArray().Where((_, axis) => !set.Contains(axis)).ToArray();
        return y.Reshape(new Shape(kept));
    }
}
