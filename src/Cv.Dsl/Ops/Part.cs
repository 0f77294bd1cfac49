using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Takes one of several values that are one node: a result of a scan, say.</summary>
/// <param name="Parts">The types of all of them.</param>
/// <param name="Index">Which one.</param>
public sealed record Part(Parts Parts, int Index) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" {Index}";

    /// <summary>Checks that the operand holds values of these types.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) =>
        operands[0] == Parts.Whole
            ? Parts[Index]
            : throw new ShapeException($"{Name}: the operand must hold {Parts}; got {operands[0]}. Take it from the scan that made it.");

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) => this with { Parts = Parts.Bind(binding) };

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) =>
        operands[0].AsSpan(Parts.Offset(Index), result.Length).CopyTo(result);

    /// <summary>Gives the cotangent its place among zeros.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) =>
        [y.DType.IsFloat() ? Pack.Of(Parts, i => i == Index ? dy.BroadcastTo(y.Shape) : null) : null];

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => Of(Parts, Index, tangents[0]!);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <summary>Takes the part of each example: it has the axis by itself, or stands in a row of the example's parts.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        operands[0] is (Pack, var values)
            ? values[Index]
            : operands[0].Slice(1, Parts.Offset(Index), y.Shape.Size).Reshape(Batching.Of(operands[0].Shape[0], y.Shape)).Cast(y.DType);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => Of(Parts, Index, y.Operands[0]) is var simpler && simpler == y ? null : simpler;

    /// <summary>Cuts the part out, unless a scan writes it by itself.</summary>
    public override Expr? Expand(Expr y) =>
        y.Operands[0].Op is Scan || !y.Operands[0].Shape.IsKnown
            ? null
            : y.Operands[0].Slice(0, Parts.Offset(Index), y.Shape.Size).Reshape(y.Shape).Cast(y.DType);

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b, c) = (Expr.Input("a", [2, 3]), Expr.Input("b", []), Expr.Input("c", [2], DType.I32));
        var whole = Pack.Of([a, b, c]);
        return [Expr.Of(new Part([a.Type, b.Type, c.Type], 0), whole), Expr.Of(new Part([a.Type, b.Type, c.Type], 1), whole)];
    }

    /// <summary>Takes a part of what is known already without a node of its own: of a pack the operand, of a sum of packs the sum of parts.</summary>
    internal static Expr Of(Parts parts, int index, Expr whole) =>
        whole switch
        {
            (Pack, var operands) when operands[index].Type == parts[index] => operands[index],
            (Add, [var a, var b]) when a.Type == b.Type && parts[index].DType.IsFloat() => Of(parts, index, a) + Of(parts, index, b),
            _ => Expr.Of(new Part(parts, index), whole),
        };
}
