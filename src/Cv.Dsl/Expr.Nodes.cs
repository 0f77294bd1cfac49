using System.Collections.Immutable;

namespace Cv.Dsl;

public sealed partial class Expr
{
    /// <summary>
    /// Lists every node that the roots are computed from, the roots included, each once: operands stand before their users, and otherwise in
    /// the order of the text. Walks without recursion, in time linear in the graph, so depth does not matter.
    /// </summary>
    /// <example><code>int multiplications = Expr.Nodes(loss).Count(e => e.Op is MatMul);</code></example>
    public static ImmutableArray<Expr> Nodes(params Expr[] roots) => Unseen([], roots);

    /// <summary>Gives the nodes in the same order, but for those that were seen before, and marks them as seen.</summary>
    internal static ImmutableArray<Expr> Unseen(HashSet<Expr> seen, params ReadOnlySpan<Expr> roots)
    {
        var order = ImmutableArray.CreateBuilder<Expr>();
        var open = new Stack<(Expr Node, int Next)>();
        foreach (var root in roots)
        {
            if (seen.Add(root))
                open.Push((root, 0));
            while (open.TryPop(out var top))
            {
                var (node, next) = top;
                if (next == node.Operands.Length)
                {
                    order.Add(node);
                    continue;
                }
                open.Push((node, next + 1));
                if (seen.Add(node.Operands[next]))
                    open.Push((node.Operands[next], 0));
            }
        }
        return order.ToImmutable();
    }
}
