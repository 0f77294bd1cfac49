using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Puts formulas that overflow, cancel or divide 0 by 0 into forms that do not (<see cref="StableForms"/>): once before differentiation, so that the gradient is that
/// of the stable form, and once on the way to code, for values and for what differentiation brought.
/// </summary>
static class Stabilise
{
    /// <summary>What only matters before differentiation, and goes when it is over.</summary>
    static readonly ImmutableArray<Law> Last =
    [
        .. StableForms.Laws.Remove(StableForms.SmoothMaximum),
        new("min(-x, x) = -|x|", e => e is (Minimum, [var a, var b]) && StableForms.AreOpposite(a, b) ? -Either(a, b).Abs() : null),
        new("stop_gradient x = x", e => e is (StopGradient, [var x]) ? x : null),
    ];

    public static Graph Run(Graph graph) => Law.Settle(Last, graph);

    /// <summary>
    /// Gives stable forms of values that are about to be differentiated by the nodes <paramref name="by"/>, and the nodes that play the part of those in them. No law
    /// looks through one of these nodes: what is differentiated by log p is to depend on p.
    /// </summary>
    public static (ImmutableArray<Expr> Values, ImmutableArray<Expr> By) Before(ImmutableArray<Expr> values, ImmutableArray<Expr> by)
    {
        var plain = new Graph(values);
        var inner = by.Where(b => b.Operands.Length > 0).ToHashSet();
        if (inner.Count == 0)
            return (Law.Settle(StableForms.Laws, plain).Outputs, by);
        if (Law.Settle(StableForms.Laws, plain) == plain)
            return (values, by);
        // a leaf in the place of each node hides what is behind it
        var map = new Dictionary<Expr, Expr>();
        var hidden = new List<(Expr Node, Expr Leaf, Expr Body)>();
        foreach (var e in plain.Nodes)
        {
            using var from = Origins.From(e);
            var body = e.With([.. e.Operands.Select(o => map[o])]);
            if (inner.Contains(e))
            {
                var leaf = Expr.Of(new Hidden(hidden.Count, e.Type));
                hidden.Add((e, leaf, body));
                body = leaf;
            }
            map[e] = body;
        }
        var cut = Law.Settle(StableForms.Laws, new Graph([.. hidden.Select(h => h.Body), .. values.Select(v => map[v])]));
        // put back in the order of the text, so that what stands behind a leaf is complete
        var found = new Dictionary<Expr, Expr>();
        for (int i = 0; i < hidden.Count; i++)
            found[hidden[i].Leaf] = Complete(cut.Outputs[i], found);
        var parts = hidden.ToDictionary(h => h.Node, h => found[h.Leaf]);
        return ([.. cut.Outputs.Skip(hidden.Count).Select(v => Complete(v, found))], [.. by.Select(b => parts.GetValueOrDefault(b, b))]);
    }

    static Expr Complete(Expr root, Dictionary<Expr, Expr> found)
    {
        foreach (var e in Expr.Nodes(root))
        {
            if (found.ContainsKey(e))
                continue;
            using var from = Origins.From(e);
            found[e] = e.With([.. e.Operands.Select(o => found[o])]);
        }
        return found[root];
    }

    /// <summary>Stands for a node that no law may look through.</summary>
    sealed record Hidden(int Number, TensorType Type) : Leaf(Type)
    {
        public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) =>
            throw new InvalidOperationException("hidden: what stands for a node has no value.");
    }

    static Expr Either(Expr a, Expr b) => a is (Neg, [var x]) && x == b ? b : a;
}
