using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Walks a graph of one example and builds that of a batch: what depends on the examples gets a new leading axis, and what they share stays as it is.</summary>
static class Batching
{
    /// <summary>Gives each result with the leading axis, or null where it depends on none of the keys. The keys' values have the axis.</summary>
    public static ImmutableArray<Expr?> Walk(ImmutableArray<Expr> ys, IReadOnlyDictionary<Expr, Expr> batches)
    {
        var made = new Dictionary<Expr, Expr>(batches);
        foreach (var y in Expr.Nodes([.. ys]))
        {
            if (made.ContainsKey(y) || !y.Operands.Any(made.ContainsKey))
                continue;
            using var from = Origins.From(y);
            made[y] = Batch(y, [.. y.Operands.Select(o => made.GetValueOrDefault(o, o))], [.. y.Operands.Select(made.ContainsKey)]);
        }
        return [.. ys.Select(made.GetValueOrDefault)];
    }

    /// <summary>Gives the extent of the new axis.</summary>
    public static Dim Size(ImmutableArray<Expr> operands, ImmutableArray<bool> batched) => operands[batched.IndexOf(true)].Shape[0];

    /// <summary>Puts the new axis before the dims of one example.</summary>
    public static Shape Of(Dim size, Shape example) => new([size, .. example.Dims]);

    /// <summary>Gives what the examples share to each of them.</summary>
    public static Expr Repeat(Expr x, Dim size) => x.Reshape(Of(1, x.Shape)).BroadcastTo(Of(size, x.Shape));

    /// <summary>Gives every operand the new axis, so that an op needs to know of no other case.</summary>
    public static ImmutableArray<Expr> All(ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var size = Size(operands, batched);
        return [.. operands.Select((x, i) => batched[i] ? x : Repeat(x, size))];
    }

    /// <summary>Merges the new axis with the next one; null where a symbol stands in the way.</summary>
    public static Expr? MergeFirst(Expr x)
    {
        var (size, first) = (x.Shape[0], x.Shape[1]);
        Shape rest = new(x.Shape.Dims[2..]);
        if (first.IsOne || size.IsOne)
            return x.Reshape(Of(first.IsOne ? size : first, rest));
        return size.IsKnown && first.IsKnown ? x.Reshape(Of(Merged(size, first), rest)) : null;
    }

    /// <summary>Merges the new axis, of a known extent, into the innermost of five: [B, i, j, k, l] becomes [i, j, k, B l].</summary>
    public static Expr MergeLast(Expr x)
    {
        var s = x.Shape;
        return x.Transpose(1, 2, 3, 0, 4).Reshape([s[1], s[2], s[3], Merged(s[0], s[4])]);
    }

    static Dim Merged(Dim size, Dim dim) => ((Extents)size * dim).Fit("vmap", $"an axis of {dim} for {size} examples, merged,");

    /// <summary>Takes apart what <see cref="MergeLast"/> merged.</summary>
    public static Expr SplitLast(Expr y, int size)
    {
        var s = y.Shape;
        return y.Reshape([s[0], s[1], s[2], size, s[3].Value / size]).Transpose(3, 0, 1, 2, 4);
    }

    static Expr Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        using var from = Origins.From(y, $"batch of {y.Op.Name}");
        var size = Size(operands, batched);
        var made = y.Op.Batch(y, operands, batched) ?? Expanded(y, operands, batched) ?? OneByOne(y, operands, batched, size);
        // several values that are one have the axis each
        return y.Op is Scan or Pack or Part || (made.Shape == Of(size, y.Shape) && made.DType == y.DType)
            ? made
            : throw new GraphException(
                $"vmap: an op's batch must be of its type with a leading axis; got {made} for {y} and {size} examples. Mend Op.Batch in it.",
                y
            );
    }

    static Expr? Expanded(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        if (y.Op.Expand(y) is not { } expanded)
            return null;
        var batches = new Dictionary<Expr, Expr>();
        for (int i = 0; i < operands.Length; i++)
            if (batched[i])
                batches[y.Operands[i]] = operands[i];
        return Walk([expanded], batches)[0] ?? Repeat(expanded, Size(operands, batched));
    }

    /// <summary>Computes the examples one after the other, and joins them: a graph that grows with the batch.</summary>
    static Expr OneByOne(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched, Dim size)
    {
        if (!size.IsKnown)
            throw new GraphException(
                $"vmap: an op without a rule for batches is computed example by example, so the batch must be known; got {y} and {size} examples. Give a number.",
                y
            );
        var one = Of(1, y.Shape);
        if (size.Value == 0)
            return y.Like(0).BroadcastTo(Of(0, y.Shape));
        return Expr.Concat(
            0,
            [
                .. Enumerable
                    .Range(0, size.Value)
                    .Select(b =>
                        y.With([.. operands.Select((x, i) => batched[i] ? x.Slice(0, b, 1).Reshape(y.Operands[i].Shape) : x)]).Reshape(one)
                    ),
            ]
        );
    }
}
