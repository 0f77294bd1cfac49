using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Compiles graphs to functions.</summary>
/// <example><code>
/// Expr x = Expr.Input("x", ["N"]);
/// var f = Compile.Function((x * 2f).Tanh());
/// Tensor y = f.Call(new Binding("x", Tensor.From([3], new[] { 1f, 2, 3 })))[0];
/// </code></example>
public static class Compile
{
    /// <summary>
    /// Compiles a graph; kernels are made at the first call with new extents. Layers that differ in training do what they do after it, unless the graph
    /// comes from <see cref="Graph.ForTraining"/>.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">Threads, vector width, and how many sets of extents are kept.</param>
    /// <param name="metrics">Names the outputs after the first, in order, for a function that a trainer or an evaluation calls; none unless given.</param>
    /// <exception cref="GraphException">Two different leaves of the graph share a name, an option is out of range, or there are not as many metrics as outputs after the first.</exception>
    public static CompiledFunction Function(Graph graph, CompileOptions? options = null, IReadOnlyList<Metric>? metrics = null) =>
        new(graph, options ?? new(), metrics);

    /// <summary>Compiles a graph that only has outputs.</summary>
    /// <exception cref="GraphException">Two different leaves of the graph share a name.</exception>
    public static CompiledFunction Function(params Expr[] outputs) => new(new Graph(outputs.ToImmutableArray()), new());
}
