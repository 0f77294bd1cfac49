using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Explains what becomes of a node or a graph, stage by stage.</summary>
public static class Explanations
{
    /// <summary>
    /// Prints a node's graph, each line with its place in the source; its gradient by the parameters, or by the float inputs where there are none, if the node is a
    /// scalar loss; and what both become: the graph after each pass, the schedule with each kernel's cost, the plan, and each kernel's code as C#.
    /// </summary>
    /// <param name="expr">The node.</param>
    /// <param name="symbols">The extents to compile for; where some are missing, it ends with the gradient.</param>
    /// <example><code>Console.WriteLine(loss.Explain(("N", 128)));</code></example>
    public static string Explain(this Expr expr, params (string Symbol, int Value)[] symbols) =>
        expr.Explain(new CompileOptions(), symbols);

    /// <inheritdoc cref="Explain(Expr, ValueTuple{string, int}[])"/>
    /// <param name="expr">The node.</param>
    /// <param name="options">Threads and vector width.</param>
    /// <param name="symbols">The extents to compile for; where some are missing, it ends with the gradient.</param>
    public static string Explain(this Expr expr, CompileOptions options, params (string Symbol, int Value)[] symbols)
    {
        var text = new StringBuilder();
        var graph = new Graph(expr).ForInference();
        Append(text, "expression", graph);
        var loss = graph.Outputs[0];
        if (loss.Shape.Rank == 0 && loss.DType.IsFloat())
        {
            var (leaves, gradients) = Gradients(loss);
            if (gradients.Length > 0)
                Append(text, $"gradient by {string.Join(", ", leaves.Select(l => $"\"{((Named)l.Op).Id}\""))}", new(gradients));
            graph = new([loss, .. gradients]);
        }
        return Road(text, graph, options, symbols);
    }

    /// <summary>
    /// Prints a graph, each line with its place in the source, and what it becomes: the graph after each pass, the schedule with each kernel's cost, the plan, and each
    /// kernel's code as C#.
    /// </summary>
    /// <param name="graph">The graph; layers that differ in training do what they do after it, unless it comes from <see cref="Graph.ForTraining"/>.</param>
    /// <param name="symbols">The extents to compile for; where some are missing, it ends with the graph.</param>
    /// <example><code>Console.WriteLine(new Graph(scores, loss).Explain(("N", 128)));</code></example>
    public static string Explain(this Graph graph, params (string Symbol, int Value)[] symbols) =>
        graph.Explain(new CompileOptions(), symbols);

    /// <inheritdoc cref="Explain(Graph, ValueTuple{string, int}[])"/>
    /// <param name="graph">The graph.</param>
    /// <param name="options">Threads and vector width.</param>
    /// <param name="symbols">The extents to compile for; where some are missing, it ends with the graph.</param>
    public static string Explain(this Graph graph, CompileOptions options, params (string Symbol, int Value)[] symbols)
    {
        var text = new StringBuilder();
        var inference = graph.ForInference();
        Append(text, "expression", inference);
        return Road(text, inference, options, symbols);
    }

    /// <summary>Finds the gradients of a loss by the leaves that it depends on: parameters, else inputs.</summary>
    static (ImmutableArray<Expr> Leaves, ImmutableArray<Expr> Gradients) Gradients(Expr loss)
    {
        var nodes = Expr.Nodes(loss);
        var leaves = nodes.Where(e => e.Op is Parameter).ToImmutableArray();
        if (leaves.IsEmpty)
            leaves = [.. nodes.Where(e => e.Op is Input && e.DType.IsFloat())];
        var (values, by) = Stabilise.Before([loss], leaves);
        var found = leaves.Zip(Reverse.Walk([(values[0], loss.Like(1))], by.AsSpan())).Where(f => f.Second is not null).ToList();
        return ([.. found.Select(f => f.First)], [.. found.Select(f => f.Second!)]);
    }

    static void Append(StringBuilder text, string title, Graph graph) =>
        text.Append(CultureInfo.InvariantCulture, $"== {title}: {graph.Nodes.Length} nodes\n{Dump.Text(graph, withLines: true)}");

    static string Road(StringBuilder text, Graph graph, CompileOptions options, (string Symbol, int Value)[] symbols)
    {
        var binding = symbols.ToDictionary(s => s.Symbol, s => s.Value);
        string[] missing =
        [
            .. graph
                .Nodes.SelectMany(e => e.Shape.Dims.ToArray())
                .Select(d => d.Symbol)
                .OfType<string>()
                .Distinct()
                .Where(s => !binding.ContainsKey(s)),
        ];
        if (missing.Length > 0)
            return text.Append(
                    CultureInfo.InvariantCulture,
                    $"== not compiled: give {string.Join(" and ", missing)} a number, as in Explain({string.Join(", ", missing.Select(s => $"(\"{s}\", 128)"))})\n"
                )
                .ToString();
        Lowering.Plan(graph, binding, options.Checked(), text);
        return text.ToString();
    }
}
