namespace Cv.Dsl;

/// <summary>
/// Counts floating-point operations of a forward pass: a multiply-add of a product or convolution is two, an elementwise op one for each element of its result, a pool one for
/// each pixel under a window, a reduction one for each element that it folds; what only moves elements is none. An
/// op of somebody's own counts one for each element that it reads or makes.
/// </summary>
static class Flops
{
    /// <summary>Counts those of one node, where every symbol is <paramref name="batch"/>.</summary>
    public static long Of(Expr e, int batch) =>
        e.Op switch
        {
            WhenTraining or Remember or Delay or StopGradient or Part or Leaf or Movement or Broadcast or Reshape or Pack or Concat => 0,
            Elementwise => Size(e, batch),
            MatMul => Times(2, Size(e, batch), Size(e.Operands[0].Shape.Dims[^1], batch)),
            Conv2d => Products(e, e.Operands[1], batch),
            Conv2dInput => Products(e.Operands[0], e.Operands[1], batch),
            Conv2dWeights => Products(e.Operands[1], e, batch),
            Pooling pool => Times(pool.Y.Size, pool.X.Size, Math.Min(Size(e, batch), Size(e.Operands[0], batch))),
            Scan scan => Times(Size(scan.Length, batch), Sum(scan.Body.Nodes.Select(n => Of(n, batch)))),
            Closure closure => Sum(closure.Body.Nodes.Select(n => Of(n, batch))),
            Reduction or Variance or ArgMax or OneHot => Size(e.Operands[0], batch),
            _ => e.Operands.Append(e).Max(n => Size(n, batch)), // an op that only its author knows: one for each element that it reads or makes, as a guess
        };

    /// <summary>Counts the elements of a node.</summary>
    public static long Size(Expr e, int batch)
    {
        Span<Dim> dims = [.. e.Shape.Dims];
        foreach (ref var dim in dims)
            dim = dim.IsKnown ? dim : batch;
        return Extents.Product(dims).Value;
    }

    static long Size(Dim dim, int batch) => dim.IsKnown ? dim.Value : batch;

    /// <summary>Counts a product and a sum for each result, tap and channel of a group.</summary>
    static long Products(Expr results, Expr filters, int batch) =>
        Times(2, Size(results, batch), Size(filters, batch) / Math.Max(1, Size(filters.Shape[3], batch)));

    static long Times(params ReadOnlySpan<long> factors)
    {
        Extents product = 1;
        foreach (long factor in factors)
            product *= new Extents(factor);
        return product.Value;
    }

    /// <summary>Adds counts up.</summary>
    public static long Sum(IEnumerable<long> counts) => counts.Aggregate(new Extents(0), (sum, count) => sum + new Extents(count)).Value;
}
