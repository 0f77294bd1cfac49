using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Names a law of the real numbers by which a node may become another, and applies it.</summary>
/// <param name="Text">The law, as docs/SEMANTICS.md has it.</param>
/// <param name="Apply">Gives the law's right side for a node that is its left side, of the same type; null for any other.</param>
sealed record Law(string Text, Func<Expr, Expr?> Apply)
{
    const int MaxRounds = 8;

    /// <summary>Applies the first law that fits, to what came of it again, until none does; null where none did.</summary>
    public static Expr? Settle(ImmutableArray<Law> laws, Expr node)
    {
        var now = node;
        for (int round = 0; round < MaxRounds; round++)
        {
            Expr? next = null;
            foreach (var law in laws)
                if ((next = law.Apply(now)) is not null)
                    break;
            if (next is null)
                break;
            now = next;
        }
        return now == node ? null : now;
    }

    /// <summary>Applies laws to every node, operands first, and to what came of it, until nothing changes.</summary>
    public static Graph Settle(ImmutableArray<Law> laws, Graph graph)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            var next = graph.Rewrite(e => Settle(laws, e));
            if (next == graph)
                break;
            graph = next;
        }
        return graph;
    }
}
