using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Proves that a graph computes each example of a batch apart from the others, so that a batch may be cut: the symbol of the batch runs along one axis of everything
/// that depends on it, and no op moves anything along that axis, folds it, or asks for its extent.
/// </summary>
static class ExamplesApart
{
    /// <summary>Checks all nodes of a graph.</summary>
    /// <exception cref="GraphException">A node mixes examples, or is not known not to.</exception>
    public static void Check(IEnumerable<Expr> nodes, string symbol)
    {
        var cut = new HashSet<Expr>();
        foreach (var e in nodes)
            if (Follows(e, symbol, cut))
                cut.Add(e);
    }

    /// <summary>Tells whether a node has the batch's axis.</summary>
    static bool Follows(Expr e, string symbol, HashSet<Expr> cut)
    {
        bool depends = e.Operands.Any(cut.Contains);
        if (!depends && !Mentions(e, symbol))
            return false;
        if (e.Op is Scan scan)
        {
            CheckScan(e, scan, symbol, cut);
            return true;
        }
        if (e.Op is Checkpoint checkpoint)
        {
            Check(checkpoint.Body.Results.SelectMany(r => Expr.Nodes(r)).Distinct(), symbol);
            return true;
        }
        int axis = AxisOf(e, symbol);
        if (axis < 0 || !IsApart(e, axis, symbol, cut))
            throw Mixes(e);
        return true;
    }

    static bool IsApart(Expr e, int axis, string symbol, HashSet<Expr> cut) =>
        e.Op switch
        {
            Named or Broadcast or Elementwise or Transpose => true,
            // the axis is still there, so it was not folded
            Reduction or Variance or ArgMax or MatMul or OneHot => true,
            Part => e.Operands[0].Op is Scan,
            Iota iota => iota.Axis != axis,
            Reshape => Before(e.Shape, axis) == Before(e.Operands[0].Shape, AxisOf(e.Operands[0], symbol)),
            Slice slice => slice.Axis != axis,
            Flip flip => flip.Axis != axis,
            Pad pad => pad.Axis != axis,
            Concat concat => concat.Axis != axis,
            Conv2d or Conv2dInput => axis == 0 && !cut.Contains(e.Operands[1]),
            Pooling => axis == 0,
            _ => e.Op.Expand(e) is { } parts && IsApartInside(e, parts, symbol, cut),
        };

    /// <summary>Looks at what an op is made of.</summary>
    static bool IsApartInside(Expr e, Expr parts, string symbol, HashSet<Expr> cut)
    {
        var known = new HashSet<Expr>(cut);
        var outside = Expr.Nodes([.. e.Operands]).ToHashSet();
        foreach (var part in Expr.Nodes(parts))
            if (!outside.Contains(part) && Follows(part, symbol, known))
                known.Add(part);
        return true;
    }

    static void CheckScan(Expr e, Scan scan, string symbol, HashSet<Expr> cut)
    {
        // a step for each example: what one hands to the next mixes them
        if (scan.Length.Symbol == symbol)
            throw Mixes(e);
        Check(scan.Body.Results.SelectMany(r => Expr.Nodes(r)).Distinct(), symbol);
        for (int i = 0; i < scan.States; i++)
            if (AxisOf(scan.Body.Arguments[i], symbol) != AxisOf(scan.Body.Results[i], symbol))
                throw Mixes(e);
    }

    /// <summary>Gives the one axis that the symbol runs along; -1 where there is none, or several.</summary>
    static int AxisOf(Expr e, string symbol)
    {
        int found = -1;
        for (int axis = 0; axis < e.Shape.Rank; axis++)
            if (e.Shape[axis].Symbol == symbol)
            {
                if (found >= 0)
                    return -1;
                found = axis;
            }
        return found;
    }

    static bool Mentions(Expr e, string symbol) =>
        Has(e.Shape, symbol)
        || e.Op switch
        {
            Extent extent => Has(extent.Of, symbol),
            Scan scan => scan.Length.Symbol == symbol || scan.Body.Arguments.Concat(scan.Body.Results).Any(a => Has(a.Shape, symbol)),
            _ => false,
        };

    static bool Has(Shape shape, string symbol) => shape.Dims.ToArray().Any(d => d.Symbol == symbol);

    /// <summary>Prints the dims before an axis, apart from ones: rows stay rows where they are the same.</summary>
    static string Before(Shape shape, int axis)
    {
        long known = 1;
        var symbols = new List<string>();
        for (int i = 0; i < axis; i++)
            if (shape[i].Symbol is { } other)
                symbols.Add(other);
            else
                known *= shape[i].Value;
        return axis < 0 ? "none" : $"{known} {string.Join(' ', symbols)}";
    }

    static GraphException Mixes(Expr e) =>
        new(
            $"in_batches: each example must be computed apart from the others; got {e}, which mixes them or is not known not to. Call the function itself, with batches of few sizes.",
            e
        );
}
