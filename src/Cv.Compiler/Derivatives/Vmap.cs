using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Batches a graph that was written for one example: what depends on the example gets a new leading axis, and what the examples share is computed once. Each op brings
/// its own rule (<see cref="Op.Batch"/>), so that a product of rows stays one product, and a gradient becomes one for each example.
/// </summary>
public static class Vmap
{
    /// <summary>Gives the value for a batch: some inputs get a leading axis, keep their names, and so does the value.</summary>
    /// <param name="y">The value of one example.</param>
    /// <param name="size">The extent of the axis: a number, or a symbol such as "N".</param>
    /// <param name="inputs">The inputs that differ by example; the examples share all others.</param>
    /// <remarks>Random numbers are the same for each example, unless their count of steps is batched.</remarks>
    /// <example><code>
    /// Expr x = Expr.Input("x", [784]), label = Expr.Input("label", [], DType.I32);
    /// Expr loss = ...;                                                             // f32[], of one image
    /// Expr losses = Vmap.Of(loss, "N", x, label);                                  // f32[N]
    /// Expr gradients = Vmap.Of(Gradient.Of(loss, w)[0], "N", x, label);            // f32[N,784,10], one for each image
    /// </code></example>
    /// <exception cref="GraphException">A node is no input, or an op cannot be batched by a symbol.</exception>
    public static Expr Of(Expr y, Dim size, params Expr[] inputs) => Of(ImmutableArray.Create(y), size, inputs)[0];

    /// <summary>Gives several values for a batch; what they share is computed once.</summary>
    /// <param name="ys">The values of one example.</param>
    /// <param name="size">The extent of the axis: a number, or a symbol such as "N".</param>
    /// <param name="inputs">The inputs that differ by example; the examples share all others.</param>
    /// <exception cref="GraphException">A node is no input, or an op cannot be batched by a symbol.</exception>
    public static ImmutableArray<Expr> Of(ImmutableArray<Expr> ys, Dim size, params Expr[] inputs)
    {
        var batches = new Dictionary<Expr, Expr>();
        foreach (var x in inputs)
            batches[x] = x.Op is Input input
                ? Expr.Input(input.Id, WithAxis(size, x.Shape), x.DType)
                : throw new GraphException(
                    $"vmap: what differs by example must be an input, to be given a batch of; got {x}. Give a dictionary from nodes to their batches?",
                    x
                );
        return Of(ys, batches);
    }

    /// <summary>Gives the value for a batch, where any nodes are replaced by their batches.</summary>
    /// <param name="y">The value of one example.</param>
    /// <param name="batches">For each node that differs by example its batch: of its type, with a leading axis of one extent.</param>
    /// <example><code>Expr rows = Vmap.Of(y, new Dictionary&lt;Expr, Expr> { [x] = images });   // f32[784] -> f32[N,784]</code></example>
    /// <exception cref="GraphException">A batch has not its node's type with the axis, or an op cannot be batched by a symbol.</exception>
    public static Expr Of(Expr y, IReadOnlyDictionary<Expr, Expr> batches) => Of([y], batches)[0];

    /// <summary>Gives several values for a batch, where any nodes are replaced by their batches.</summary>
    /// <param name="ys">The values of one example.</param>
    /// <param name="batches">For each node that differs by example its batch: of its type, with a leading axis of one extent.</param>
    /// <exception cref="GraphException">A batch has not its node's type with the axis, or an op cannot be batched by a symbol.</exception>
    public static ImmutableArray<Expr> Of(ImmutableArray<Expr> ys, IReadOnlyDictionary<Expr, Expr> batches)
    {
        ArgumentNullException.ThrowIfNull(batches);
        if (batches.Count == 0)
            throw new GraphException("vmap: some node must differ by example; got none. Name the inputs that get the axis.");
        var size = batches.Values.First().Shape is { Rank: > 0 } shape ? shape[0] : new Dim(0);
        foreach (var (x, batch) in batches)
            if (batch.DType != x.DType || batch.Shape != WithAxis(size, x.Shape))
                throw new GraphException(
                    $"vmap: a batch must be of its node's type with a leading axis, the same for all; got {batch.Type} for {x}. Reshape or cast it.",
                    x,
                    batch
                );
        return [.. Batching.Walk(ys, batches).Select((batch, i) => batch ?? Batching.Repeat(ys[i], size))];
    }

    static Shape WithAxis(Dim size, Shape example) => Batching.Of(size, example);
}
