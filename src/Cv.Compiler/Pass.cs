using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Names a rewriting of graphs that keeps their values.</summary>
/// <param name="Name">The name dumps print.</param>
/// <param name="Run">Gives the new graph, or the same object when nothing changed.</param>
public sealed record Pass(string Name, Func<Graph, Graph> Run)
{
    /// <summary>Runs passes in order; <paramref name="log"/>, when given, receives the graph after each, with its time.</summary>
    public static Graph RunAll(IEnumerable<Pass> passes, Graph graph, StringBuilder? log = null)
    {
        foreach (var pass in passes)
        {
            long start = Stopwatch.GetTimestamp();
            var next = pass.Run(graph);
            if (log is not null)
            {
                double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                string change = next == graph ? "(unchanged)" : $"{graph.Nodes.Length} -> {next.Nodes.Length} nodes";
                log.Append(CultureInfo.InvariantCulture, $"== {pass.Name}: {change}, {milliseconds:F1} ms\n");
                if (next != graph)
                    log.Append(next);
            }
            Check(pass, graph, next);
            graph = next;
        }
        return graph;
    }

    /// <summary>Holds a pass to its contract: as many roots, each of its old type.</summary>
    static void Check(Pass pass, Graph before, Graph after)
    {
        if (before == after)
            return;
        foreach (var (old, now) in before.Roots.Zip(after.Roots))
            if (old.DType != now.DType || (old.Shape.IsKnown && old.Shape != now.Shape))
                throw new GraphException(
                    $"pass {pass.Name}: a pass must keep types; got {old} before and {now} after. Mend the rule that made it."
                );
    }
}
