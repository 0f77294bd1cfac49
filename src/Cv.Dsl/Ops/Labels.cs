using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Says that i32 values are labels, 0 to classes - 1. The result is the operand itself: where an input feeds it, each call checks the values and names the input.
/// </summary>
/// <param name="Classes">The number of classes.</param>
/// <remarks>A label that the graph computes is not checked: what it does is the reader's to say. Labels that a call checks anyway, for a loss say, cost nothing more.</remarks>
public sealed record Labels(int Classes) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" {Classes}";

    /// <summary>Keeps the operand's type, which must be i32.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (operands[0].DType != DType.I32)
            throw new ShapeException($"{Name}: labels must be i32; got {operands[0]}. Declare the input with DType.I32, or cast it.");
        if (Classes < 1)
            throw new ShapeException($"{Name}: there must be at least one class; got {Classes}. Give the number of classes.");
        return operands[0];
    }

    /// <inheritdoc/>
    public override IndexRange? Indices(int operand) => new(0, Classes - 1);

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) => operands[0].CopyTo(result);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) => Expr.Of(this, operands);

    /// <summary>Is its operand, once the calls know what to check.</summary>
    public override Expr? Expand(Expr y) => y.Operands[0];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("labels", [4], DType.I32).AsLabels(3)];
}

/// <summary>Says which whole numbers an operand may hold, where an op takes it for indices.</summary>
/// <param name="Lowest">The lowest.</param>
/// <param name="Highest">The highest.</param>
public readonly record struct IndexRange(int Lowest, int Highest)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(IndexRange), PrintMembers);
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Labels"/>
    /// <param name="labels">The labels, i32.</param>
    /// <param name="classes">The number of classes.</param>
    /// <example><code>Expr right = scores.ArgMax(-1).EqualTo(labels.AsLabels(10));   // a call refuses labels that are no class</code></example>
    /// <exception cref="ShapeException">The labels are not i32, or there is no class.</exception>
    public static Expr AsLabels(this Expr labels, int classes) => Expr.Of(new Labels(classes), labels);
}
