using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Differentiates graph to graph, in reverse mode: the gradient is a graph too, printable, and can be differentiated again. Each op
/// brings its own rule (<see cref="Op.Vjp"/>).
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
        var gradients = Reverse.Walk([(loss, loss.Like(1))], wrt);
        return [.. gradients.Select((dw, i) => dw ?? throw Unreached(loss, wrt[i]))];
    }

    static GraphException Unreached(Expr loss, Expr w) =>
        new(
            $"gradient: the loss must depend on each node it is differentiated by; got {loss} and {w}, which no gradient reaches. Drop it from the list?"
        );
}
