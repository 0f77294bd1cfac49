using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Repeats a scalar, or the dims that are 1, to fill a shape of the same rank.</summary>
/// <param name="To">The shape of the result.</param>
public sealed record Broadcast(Shape To) : Movement
{
    /// <inheritdoc/>
    public override string Attributes => $" {To}";

    /// <summary>Checks that each dim is kept or was 1.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var from = operands[0].Shape;
        bool fits = from.Rank == 0 || from.Rank == To.Rank;
        for (int axis = 0; fits && axis < from.Rank; axis++)
            fits = from[axis] == To[axis] || from[axis].IsOne;
        if (!fits)
            throw new ShapeException(
                $"{Name}: each dim must stay or be 1, at equal rank; got {operands[0]} to {To}. Reshape first, to write the dims of 1."
            );
        return operands[0] with { Shape = To };
    }

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) => new Broadcast(To.Bind(binding));

    /// <inheritdoc/>
    protected internal override int[] Sources(Shape from, Shape to) => Layout.Offsets(to.ToArray(), Layout.BroadcastStrides(from, to));

    /// <summary>Passes the cotangent on; un-broadcasting sums it up.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy];

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => Mask.Unrepeated(mask, y.Operands[0].Shape, y.DType);

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => mask;

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var x = operands[0];
        var to = Batching.Of(x.Shape[0], To);
        // a scalar of each example has no dims that could be repeated
        return (x.Shape.Rank == 1 ? x.Reshape(new Shape([x.Shape[0], .. Enumerable.Repeat(new Dim(1), To.Rank)])) : x).BroadcastTo(to);
    }

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [var x]) when x.Shape == y.Shape => x, // nothing to repeat
            (_, [(Broadcast, [var x])]) => x.BroadcastTo(To), // the last broadcast decides
            (_, [(Reshape, [{ Shape.Rank: 0 } x])]) => x.BroadcastTo(To), // a scalar needs no dims of 1 to be repeated
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 1]).BroadcastTo([2, 3]), Expr.Input("s", []).BroadcastTo([2, 2])];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Broadcast"/>
    public static Expr BroadcastTo(this Expr x, Shape to) => x.Shape == to ? x : Expr.Of(new Broadcast(to), x);
}
