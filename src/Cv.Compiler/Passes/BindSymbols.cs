using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Replaces the named dims by the numbers bound to them and rebuilds the graph, so that everything after is static.</summary>
static class BindSymbols
{
    public static Graph Run(Graph graph, IReadOnlyDictionary<string, int> binding)
    {
        var map = new Dictionary<Expr, Expr>(graph.Nodes.Length);
        foreach (var e in graph.Nodes)
        {
            using var from = Origins.From(e);
            map[e] = Expr.Of(e.Op.Bind(binding), e.Operands.Select(o => map[o]).ToImmutableArray());
        }
        return new([.. graph.Outputs.Select(o => map[o])], [.. graph.Updates.Select(u => new Update(u.Target, map[u.Value]))]);
    }
}
