using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Differentiates a scalar, graph to graph, in reverse mode: the gradient is a graph too, printable, and can be differentiated again. Each op brings its own
/// rule (<see cref="Op.Vjp"/>).
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
    public static ImmutableArray<Expr> Of(Expr loss, params Expr[] wrt) => Of(loss, wrt, Unreached.Error);

    /// <summary>As <see cref="Of(Expr, Expr[])"/>, and says what is made of a node that the loss does not depend on.</summary>
    /// <example><code>var gradients = Gradient.Of(loss, [w, unused], Unreached.Zero);   // the second is all zeros</code></example>
    /// <exception cref="GraphException">The loss is not a float scalar, or does not depend on one of the nodes and that is an error.</exception>
    public static ImmutableArray<Expr> Of(Expr loss, Expr[] wrt, Unreached unreached) => Of(loss, wrt, unreached, rule: null);

    /// <summary>Gives the loss beside its gradients: what an optimiser of one's own asks for.</summary>
    /// <example><code>
    /// var (value, gradients) = Gradient.WithValue(loss, w, b);
    /// var step = Compile.Function(new Graph([value, .. gradients]));   // one call computes both, and what they share once
    /// </code></example>
    /// <exception cref="GraphException">The loss is not a float scalar, or does not depend on one of the nodes.</exception>
    public static (Expr Value, ImmutableArray<Expr> Gradients) WithValue(Expr loss, params Expr[] wrt) => (loss, Of(loss, wrt));

    /// <summary>Takes another rule in the place of each op's <see cref="Op.Vjp"/>; null is that one. A checker is tried on rules that are wrong.</summary>
    internal static ImmutableArray<Expr> Of(Expr loss, Expr[] wrt, Unreached unreached, Func<Expr, Expr, ImmutableArray<Expr?>>? rule)
    {
        if (loss.Shape.Rank != 0 || !loss.DType.IsFloat())
            throw new GraphException(
                $"gradient: the loss must be a scalar, f32[] or f64[]; got {loss.Type}. Sum or average it first: .Mean()?",
                loss
            );
        return Vjp.Of("gradient", "the loss", loss, loss.Like(1), wrt, unreached, rule);
    }
}
