namespace Cv.Dsl;

/// <summary>
/// Counts floating-point operations of a forward pass: a multiply-add of a product or convolution is two, an elementwise op one for each element of its result, a pool one for
/// each pixel under a window, a reduction one for each element that it folds; what only moves elements is none.
/// </summary>
static class Flops
{
    /// <summary>Counts those of one node, where every symbol is <paramref name="batch"/>.</summary>
    public static long Of(Expr e, int batch) =>
        e.Op switch
        {
            WhenTraining or Remember or Delay or StopGradient or Part or Leaf or Movement or Broadcast or Reshape or Pack or Concat => 0,
            Elementwise => Size(e, batch),
            MatMul => 2 * Size(e, batch) * Size(e.Operands[0].Shape.Dims[^1], batch),
            Conv2d => Products(e, e.Operands[1], batch),
            Conv2dInput => Products(e.Operands[0], e.Operands[1], batch),
            Conv2dWeights => Products(e.Operands[1], e, batch),
            Pooling pool => (long)pool.Y.Size * pool.X.Size * Math.Min(Size(e, batch), Size(e.Operands[0], batch)),
            Scan scan => Size(scan.Length, batch) * scan.Body.Nodes.Sum(n => Of(n, batch)),
            Closure closure => closure.Body.Nodes.Sum(n => Of(n, batch)),
            _ => e.Operands.IsEmpty ? 0 : Size(e.Operands[0], batch), // reductions
        };

    /// <summary>Counts the elements of a node.</summary>
    public static long Size(Expr e, int batch)
    {
        long size = 1;
        foreach (var dim in e.Shape)
            size *= Size(dim, batch);
        return size;
    }

    static long Size(Dim dim, int batch) => dim.IsKnown ? dim.Value : batch;

    /// <summary>Counts a product and a sum for each result, tap and channel of a group.</summary>
    static long Products(Expr results, Expr filters, int batch) =>
        2 * Size(results, batch) * (Size(filters, batch) / Math.Max(1, Size(filters.Shape[3], batch)));
}
