using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Differentiates graph to graph, in reverse mode: the gradient is a graph too, printable, and can be differentiated again. Each op
/// brings its own rule (<see cref="Op.Vjp"/>); un-broadcasting happens here and nowhere else.
/// </summary>
public static class Gradient
{
    /// <summary>Gives the gradient of a scalar loss with respect to each node in <paramref name="wrt"/>, of that node's type.</summary>
    /// <example><code>
    /// Expr w = Expr.Parameter("w", [3]);
    /// Expr loss = (w * w).Sum();
    /// var dw = Gradient.Of(loss, w)[0];   // 2 w
    /// </code></example>
    /// <exception cref="GraphException">The loss is not a float scalar, or does not depend on one of the nodes.</exception>
    public static ImmutableArray<Expr> Of(Expr loss, params Expr[] wrt)
    {
        if (loss.Shape.Rank != 0 || !loss.DType.IsFloat())
            throw new GraphException(
                $"gradient: the loss must be a scalar, f32[] or f64[]; got {loss.Type}. Sum or average it first: .Mean()?"
            );
        var order = Expr.Nodes(loss);
        var leads = LeadTo(order, wrt);
        var cotangents = new Dictionary<Expr, Expr> { [loss] = loss.Like(1) };
        foreach (var y in order.Reverse())
        {
            if (y.Operands.Length == 0 || !cotangents.TryGetValue(y, out var dy) || !y.Operands.Any(leads.Contains))
                continue;
            var flows = y.Op.Vjp(y, dy);
            for (int i = 0; i < flows.Length; i++)
            {
                var x = y.Operands[i];
                if (flows[i] is not { } flow || !leads.Contains(x))
                    continue;
                var dx = Conform(flow, x.Shape);
                cotangents[x] = cotangents.TryGetValue(x, out var sum) ? sum + dx : dx;
            }
        }
        return [.. wrt.Select(w => cotangents.TryGetValue(w, out var dw) ? dw : throw Unreached(loss, w))];
    }

    /// <summary>Sums a cotangent over the axes along which the operand was broadcast, or repeats it where it is smaller.</summary>
    static Expr Conform(Expr dx, Shape shape)
    {
        if (dx.Shape == shape)
            return dx;
        if (dx.Shape.Rank == 0)
            return dx.BroadcastTo(shape);
        if (shape.Rank == 0)
            return dx.Sum();
        uint broadcast = 0;
        for (int axis = 0; axis < shape.Rank; axis++)
            if (shape[axis].IsOne && !dx.Shape[axis].IsOne)
                broadcast |= 1u << axis;
        return (broadcast == 0 ? dx : Expr.Of(new ReduceSum(new Axes(broadcast)), dx)).BroadcastTo(shape);
    }

    static HashSet<Expr> LeadTo(ImmutableArray<Expr> order, Expr[] wrt)
    {
        var leads = new HashSet<Expr>(wrt);
        foreach (var e in order)
            if (e.Operands.Any(leads.Contains))
                leads.Add(e);
        return leads;
    }

    static GraphException Unreached(Expr loss, Expr w) =>
        new(
            $"gradient: the loss must depend on each node it is differentiated by; got {loss} and {w}, which no gradient reaches. Drop it from the list?"
        );
}
