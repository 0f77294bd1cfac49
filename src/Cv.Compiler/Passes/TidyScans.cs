using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Makes one scan of those that go through the same states, as a forward pass and the one that keeps its states for the backward pass do; and drops what nobody reads of a
/// scan: outputs, states, sequences and constants.
/// </summary>
static class TidyScans
{
    public static Graph Run(Graph graph) => graph.Nodes.Any(e => e.Op is Scan) ? Trim(Merge(ReadByParts(graph))) : graph;

    /// <summary>Lets whatever reads a scan read parts of it, so that the results need no buffer in common.</summary>
    static Graph ReadByParts(Graph graph)
    {
        graph = graph.Rewrite(e =>
            e.Op is Part || !e.Operands.Any(o => o.Op is Scan) ? null : e.With([.. e.Operands.Select(o => o.Op is Scan ? Packed(o) : o)])
        );
        return graph.Outputs.Any(o => o.Op is Scan)
            ? new([.. graph.Outputs.Select(o => o.Op is Scan ? Packed(o) : o)], graph.Updates)
            : graph;
    }

    static Expr Packed(Expr scan) => Pack.Of(((Scan)scan.Op).Results(scan));

    /// <summary>Gives scans of the same operands and next states one body, with the outputs of all.</summary>
    static Graph Merge(Graph graph)
    {
        var merged = new Dictionary<Expr, (Expr First, Scan Scan)>();
        foreach (var group in graph.Nodes.Where(e => e.Op is Scan).GroupBy(e => new Steps(e)).Where(g => g.Count() > 1))
        {
            var scan = (Scan)group.First().Op;
            var outputs = group.SelectMany(e => ((Scan)e.Op).Body.Results.Skip(scan.States)).Distinct();
            var body = new Body(scan.Body.Arguments, [.. scan.Body.Results.Take(scan.States), .. outputs]);
            foreach (var e in group)
                merged[e] = (group.First(), scan with { Body = body });
        }
        return merged.Count == 0 ? graph : Rebuild(graph, graph.Nodes, Make);

        Expr? Make(Expr e, Func<Expr, Expr> now)
        {
            if (merged.TryGetValue(e, out var one))
                return one.First == e ? Expr.Of(one.Scan, e.Operands.Select(now).ToArray()) : now(one.First);
            if (e is not (Part part, [{ Op: Scan old } from]) || !merged.TryGetValue(from, out var whole))
                return null;
            int index = part.Index < old.States ? part.Index : whole.Scan.Body.Results.IndexOf(old.Body.Results[part.Index], old.States);
            return Part.Of(whole.Scan.Parts, index, now(from));
        }
    }

    /// <summary>Walks from the results back, so that what one scan does not read, another need not give.</summary>
    static Graph Trim(Graph graph)
    {
        var live = graph.Roots.ToHashSet();
        var read = new Dictionary<Expr, HashSet<int>>();
        var trimmed = new Dictionary<Expr, Trimmed>();
        foreach (var e in graph.Nodes.Reverse())
        {
            if (!live.Contains(e))
                continue;
            if (e.Op is Scan)
                trimmed[e] = new(e, read[e]);
            if (e is (Part part, [{ Op: Scan } scan]))
                (read.TryGetValue(scan, out var parts) ? parts : read[scan] = []).Add(part.Index);
            live.UnionWith(e.Op is Scan ? trimmed[e].Operands.Select(i => e.Operands[i]) : e.Operands);
        }
        return Rebuild(graph, graph.Nodes.Where(live.Contains), Make);

        Expr? Make(Expr e, Func<Expr, Expr> now)
        {
            if (trimmed.TryGetValue(e, out var scan))
                return Expr.Of(scan.Scan, scan.Operands.Select(i => now(e.Operands[i])).ToArray());
            return e.Op is Part part && trimmed.TryGetValue(e.Operands[0], out var from)
                ? Part.Of(from.Scan.Parts, from.Results.IndexOf(part.Index), now(e.Operands[0]))
                : null;
        }
    }

    /// <summary>Builds a graph anew by what each node was before: a rule gives what stands in its place, from what stands in others' places.</summary>
    static Graph Rebuild(Graph graph, IEnumerable<Expr> nodes, Func<Expr, Func<Expr, Expr>, Expr?> rule)
    {
        var map = new Dictionary<Expr, Expr>();
        foreach (var e in nodes)
        {
            using var from = Origins.From(e);
            map[e] = rule(e, o => map[o]) ?? e.With([.. e.Operands.Select(o => map[o])]);
        }
        return graph.Roots.All(r => map[r] == r)
            ? graph
            : new([.. graph.Outputs.Select(o => map[o])], [.. graph.Updates.Select(u => u with { Value = map[u.Value] })]);
    }

    /// <summary>Tells scans apart by what their states go through, not by what they give.</summary>
    sealed class Steps(Expr e) : IEquatable<Steps>
    {
        readonly Scan _scan = (Scan)e.Op;
        readonly Expr[] _nodes = [.. e.Operands, .. ((Scan)e.Op).Body.Arguments, .. ((Scan)e.Op).Body.Results.Take(((Scan)e.Op).States)];

        public bool Equals(Steps? other) =>
            other is not null
            && (_scan.Length, _scan.Reverse, _scan.States, _scan.Sequences)
                == (other._scan.Length, other._scan.Reverse, other._scan.States, other._scan.Sequences)
            && _nodes.AsSpan().SequenceEqual(other._nodes);

        public override bool Equals(object? obj) => Equals(obj as Steps);

        public override int GetHashCode() => HashCode.Combine(_scan.Length, _scan.Reverse, _nodes[0].GetHashCode());
    }

    /// <summary>Holds a scan without what nobody reads, and where its operands and results stood.</summary>
    sealed class Trimmed
    {
        public Trimmed(Expr e, HashSet<int> read)
        {
            var scan = (Scan)e.Op;
            var (arguments, results) = (scan.Body.Arguments, scan.Body.Results);
            // a state is needed where it is read itself, or by what is needed
            var needed = new HashSet<Expr>();
            var kept = new HashSet<int>(read);
            for (int before = -1; before != kept.Count; )
            {
                before = kept.Count;
                needed.UnionWith(Expr.Nodes([.. kept.Select(i => results[i])]));
                for (int i = 0; i < scan.States; i++)
                    if (needed.Contains(arguments[i]))
                        kept.Add(i);
            }
            int leading = scan.States + scan.Sequences;
            Operands =
            [
                .. Enumerable.Range(0, arguments.Length).Where(i => i < scan.States ? kept.Contains(i) : needed.Contains(arguments[i])),
            ];
            Results = [.. Enumerable.Range(0, results.Length).Where(kept.Contains)];
            var body = new Body([.. Operands.Select(i => arguments[i])], [.. Results.Select(i => results[i])]);
            Scan = scan with
            {
                Body = body,
                States = Operands.Count(i => i < scan.States),
                Sequences = Operands.Count(i => i >= scan.States && i < leading),
            };
        }

        public Scan Scan { get; }

        /// <summary>Gives the old places of the operands that stay.</summary>
        public List<int> Operands { get; }

        /// <summary>Gives the old places of the results that stay.</summary>
        public List<int> Results { get; }
    }
}
