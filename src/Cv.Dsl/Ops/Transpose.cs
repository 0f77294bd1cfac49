using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Reorders the axes: axis i of the result is axis Order[i] of the operand.</summary>
/// <param name="Order">A permutation of the operand's axes.</param>
public sealed record Transpose(Ints Order) : Movement
{
    /// <inheritdoc/>
    public override string Attributes => $" {Order}";

    /// <summary>Permutes the dims.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var shape = operands[0].Shape;
        int[] sorted = [.. Order.Span];
        Array.Sort(sorted);
        if (!sorted.AsSpan().SequenceEqual(Enumerable.Range(0, shape.Rank).ToArray()))
            throw new ShapeException(
                $"{Name}: the order must name each of {shape.Rank} axes once; got {Order} for {operands[0]}. Write (1, 0) for a matrix."
            );
        Dim[] dims = [.. Order.Span.ToArray().Select(axis => shape[axis])];
        return operands[0] with { Shape = new(dims) };
    }

    /// <inheritdoc/>
    protected internal override int[] Sources(Shape from, Shape to)
    {
        var strides = Layout.Strides(from.ToArray());
        return Layout.Offsets(to.ToArray(), [.. Order.Span.ToArray().Select(axis => strides[axis])]);
    }

    /// <summary>Puts the axes back.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy.Transpose(Inverse())];

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => MovedBack(y, mask);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        operands[0].Transpose([0, .. Order.Span.ToArray().Select(axis => axis + 1)]);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [var x]) when IsIdentity(Order) => x, // axes in their own order
            (_, [(Transpose(var first), [var x])]) => x.Transpose([.. Order.Span.ToArray().Select(axis => first[axis])]), // two permutations are one
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).T(), Expr.Input("x", [2, 3, 4]).Transpose(2, 0, 1)];

    static bool IsIdentity(Ints order) => order.Span.SequenceEqual(Enumerable.Range(0, order.Count).ToArray());

    int[] Inverse()
    {
        var inverse = new int[Order.Count];
        for (int i = 0; i < inverse.Length; i++)
            inverse[Order[i]] = i;
        return inverse;
    }
}

public static partial class Verbs
{
    /// <summary>Reorders the axes: axis i of the result is axis order[i] of the operand.</summary>
    public static Expr Transpose(this Expr x, params int[] order) => Expr.Of(new Transpose(new Ints(order)), x);

    /// <summary>Swaps the last two axes.</summary>
    /// <exception cref="ShapeException">The operand has fewer than two axes.</exception>
    public static Expr T(this Expr x)
    {
        int rank = x.Shape.Rank;
        if (rank < 2)
            throw new ShapeException(
                $"transpose: the operand must have two axes to swap; got {x.Type}. Reshape it to a row or a column first."
            );
        return x.Transpose([.. Enumerable.Range(0, rank - 2), rank - 1, rank - 2]);
    }
}
