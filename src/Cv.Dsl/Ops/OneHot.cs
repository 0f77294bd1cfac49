using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Marks, along a new innermost axis, the class that each label names: i32[...] gives bool[..., classes].</summary>
/// <param name="Classes">The number of classes.</param>
/// <remarks>A label outside 0..classes-1 marks nothing; where an input feeds the labels, directly or through movements and casts, the call checks them and names the input.</remarks>
public sealed record OneHot(int Classes) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" {Classes}";

    /// <summary>Appends the class axis.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (operands[0].DType != DType.I32)
            throw new ShapeException($"{Name}: labels must be i32; got {operands[0]}. Declare the input with DType.I32, or cast it.");
        if (Classes < 1)
            throw new ShapeException($"{Name}: there must be at least one class; got {Classes}. Give the number of scores per example.");
        return new(DType.Bool, new Shape([.. operands[0].Shape.Dims, Classes]));
    }

    /// <inheritdoc/>
    public override IndexRange? Indices(int operand) => new(0, Classes - 1);

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        for (int i = 0; i < operands[0].Length; i++)
            if (operands[0][i] >= 0 && operands[0][i] < Classes)
                result[i * Classes + (int)operands[0][i]] = 1;
    }

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) => Expr.Of(this, operands);

    /// <summary>Compares each label with the class numbers.</summary>
    public override Expr? Expand(Expr y)
    {
        var labels = y.Operands[0];
        var column = labels.Reshape(new Shape([.. labels.Shape.Dims, 1]));
        return column.EqualTo(Expr.Iota(new Shape([.. Enumerable.Repeat(new Dim(1), labels.Shape.Rank), Classes]), -1));
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Of(new OneHot(3), Expr.Input("labels", [4], DType.I32))];
}

public static partial class Verbs
{
    /// <summary>Turns labels i32[...] into rows [..., classes] that are 1 at the label and 0 elsewhere; f32 unless said otherwise.</summary>
    public static Expr OneHot(this Expr labels, int classes, DType dtype = DType.F32) => Expr.Of(new OneHot(classes), labels).Cast(dtype);

    /// <summary>Gathers by label: takes from each row of scores [..., classes] the one that the label names, giving [...].</summary>
    /// <example><code>Expr right = scores.Pick(labels);   // f32[N,10], i32[N] -> f32[N]</code></example>
    /// <exception cref="ShapeException">Labels are not i32, or their shape is not the scores' without the last dim.</exception>
    public static Expr Pick(this Expr scores, Expr labels)
    {
        var classes = scores.Shape.Rank == 0 ? new Dim(0) : scores.Shape[scores.Shape.Rank - 1];
        if (
            scores.Shape.Rank != labels.Shape.Rank + 1
            || labels.DType != DType.I32
            || !scores.Shape.Dims[..^1].SequenceEqual(labels.Shape.Dims)
        )
            throw new ShapeException(
                $"pick: labels must be i32 with the scores' shape less the last dim; got {scores.Type} and {labels.Type}. For scores [N,10], give labels i32[N]."
            );
        if (!classes.IsKnown)
            throw new ShapeException($"pick: the number of classes must be known; got {scores.Type}. Give the last dim a number.");
        return Expr.Select(labels.OneHot(classes.Value, DType.Bool), scores, scores.Like(0)).Sum(-1);
    }
}
