using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Walks a graph from its results back to what they are made of, in reverse mode: each op brings its own rule (<see cref="Op.Vjp"/>); un-broadcasting happens
/// here and nowhere else. It stands beside the ops because an op that holds a graph, such as a scan, differentiates that too.
/// </summary>
static class Reverse
{
    /// <summary>Gives the cotangent of each node in <paramref name="wrt"/>, of that node's type; null where none flows.</summary>
    /// <param name="roots">The results, each with its cotangent; null where it has none.</param>
    /// <param name="wrt">The nodes asked about.</param>
    /// <param name="rule">Gives the cotangents of a node's operands from the node and its own; the ops' own rules if null.</param>
    public static ImmutableArray<Expr?> Walk(
        ReadOnlySpan<(Expr Root, Expr? Cotangent)> roots,
        ReadOnlySpan<Expr> wrt,
        Func<Expr, Expr, ImmutableArray<Expr?>>? rule = null
    )
    {
        var starts = new (Expr, Expr?, Expr?)[roots.Length];
        for (int i = 0; i < starts.Length; i++)
            starts[i] = (roots[i].Root, roots[i].Cotangent, null);
        return [.. WalkMasked(starts, wrt, rule).Select(f => f.Flow)];
    }

    /// <summary>Does the same where the cotangents are known to be 0 but where a mask holds (null is anywhere), and gives such a mask with each cotangent.</summary>
    public static ImmutableArray<(Expr? Flow, Expr? Mask)> WalkMasked(
        ReadOnlySpan<(Expr Root, Expr? Cotangent, Expr? Mask)> roots,
        ReadOnlySpan<Expr> wrt,
        Func<Expr, Expr, ImmutableArray<Expr?>>? rule = null
    )
    {
        var cotangents = new Dictionary<Expr, Expr>();
        var masks = new Masks();
        var starts = new List<Expr>(roots.Length);
        foreach (var (root, cotangent, mask) in roots)
        {
            starts.Add(root);
            if (cotangent is null)
                continue;
            Add(root, cotangent);
            masks.Start(root, mask);
        }
        var order = Expr.Nodes([.. starts]);
        var leads = LeadTo(order, wrt);
        foreach (var y in order.Reverse())
        {
            if (y.Operands.Length == 0 || !cotangents.TryGetValue(y, out var dy) || !y.Operands.Any(leads.Contains))
                continue;
            using var from = Origins.From(y, $"gradient of {y.Op.Name}");
            if (rule is null && y.Op.VjpOfBody(y, dy, masks) is { } inside)
            {
                for (int i = 0; i < inside.Length; i++)
                    if (inside[i] is ({ } flow, var mask) && leads.Contains(y.Operands[i]))
                    {
                        masks.Join(y.Operands[i], mask);
                        Add(y.Operands[i], flow);
                    }
                continue;
            }
            var flows = rule is null ? y.Op.Vjp(y, dy) : rule(y, dy);
            for (int i = 0; i < flows.Length; i++)
                if (flows[i] is { } flow && leads.Contains(y.Operands[i]))
                    Add(y.Operands[i], masks.Pass(y, i, flow));
        }
        var found = ImmutableArray.CreateBuilder<(Expr?, Expr?)>(wrt.Length);
        foreach (var node in wrt)
            found.Add((cotangents.GetValueOrDefault(node), masks.Of(node)));
        return found.MoveToImmutable();

        void Add(Expr x, Expr flow)
        {
            var dx = Conform(flow, x.Shape);
            cotangents[x] = cotangents.TryGetValue(x, out var sum) ? sum + dx : dx;
        }
    }

    /// <summary>Sums a cotangent over the axes along which the operand was broadcast, or repeats it where it is smaller.</summary>
    static Expr Conform(Expr dx, Shape shape)
    {
        if (dx.Shape == shape)
            return dx;
        if (dx.Shape.Rank == 0)
            return dx.BroadcastTo(shape);
        if (shape.Rank == 0)
            return dx.Sum();
        uint broadcast = 0;
        for (int axis = 0; axis < shape.Rank; axis++)
            if (shape[axis].IsOne && !dx.Shape[axis].IsOne)
                broadcast |= 1u << axis;
        return (broadcast == 0 ? dx : Expr.Of(new ReduceSum(new Axes(broadcast)), dx)).BroadcastTo(shape);
    }

    static HashSet<Expr> LeadTo(ImmutableArray<Expr> order, ReadOnlySpan<Expr> wrt)
    {
        var leads = new HashSet<Expr>();
        foreach (var node in wrt)
            leads.Add(node);
        foreach (var e in order)
            if (e.Operands.Any(leads.Contains))
                leads.Add(e);
        return leads;
    }
}
