using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Orders graphs. Walks by a stack of its own: a graph may be deeper than the thread's.</summary>
static class Topology
{
    /// <summary>Lists every node that the roots reach, once, operands before users, in the order a depth-first walk leaves them.</summary>
    public static ImmutableArray<Expr> Order(IEnumerable<Expr> roots)
    {
        var order = ImmutableArray.CreateBuilder<Expr>();
        var seen = new HashSet<Expr>();
        var stack = new Stack<(Expr Node, int Next)>();
        foreach (var root in roots)
        {
            if (seen.Add(root))
                stack.Push((root, 0));
            while (stack.TryPop(out var top))
            {
                if (top.Next == top.Node.Operands.Length)
                {
                    order.Add(top.Node);
                    continue;
                }
                stack.Push((top.Node, top.Next + 1));
                var operand = top.Node.Operands[top.Next];
                if (seen.Add(operand))
                    stack.Push((operand, 0));
            }
        }
        return order.ToImmutable();
    }
}
