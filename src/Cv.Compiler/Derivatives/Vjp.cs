using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Differentiates a tensor in reverse mode: given a cotangent, a weight for each element of the value, it gives the gradient of the weighed sum, the vector-Jacobian
/// product. The Jacobian itself is never made.
/// </summary>
public static class Vjp
{
    /// <summary>Gives the gradient of sum(<paramref name="dy"/> * <paramref name="y"/>) by each node in <paramref name="wrt"/>, of that node's type; dy counts as a constant.</summary>
    /// <param name="y">The value, of any shape, f32 or f64.</param>
    /// <param name="dy">Its cotangent, of the value's type.</param>
    /// <param name="wrt">The nodes to differentiate by.</param>
    /// <param name="unreached">What is made of a node that the value does not depend on.</param>
    /// <example><code>
    /// Expr y = x.MatMul(w), dy = Expr.Input("dy", ["N", 10]);
    /// var dw = Vjp.Of(y, dy, [w])[0];   // x^T dy
    /// </code></example>
    /// <exception cref="GraphException">The cotangent is not of the value's type, or the value does not depend on one of the nodes and that is an error.</exception>
    public static ImmutableArray<Expr> Of(Expr y, Expr dy, Expr[] wrt, Unreached unreached = Unreached.Error) =>
        Of(y, dy, wrt, unreached, rule: null);

    /// <summary>Takes another rule in the place of each op's <see cref="Op.Vjp"/>; null is that one.</summary>
    internal static ImmutableArray<Expr> Of(Expr y, Expr dy, Expr[] wrt, Unreached unreached, Func<Expr, Expr, ImmutableArray<Expr?>>? rule)
    {
        if (!y.DType.IsFloat() || dy.Type != y.Type)
            throw new GraphException(
                $"vjp: the cotangent must be of the value's type, f32 or f64; got {dy.Type} for {y.Type}. Cast or broadcast one of them.",
                y,
                dy
            );
        return Of("vjp", "the value", y, dy, wrt, unreached, rule);
    }

    internal static ImmutableArray<Expr> Of(
        string verb,
        string what,
        Expr y,
        Expr dy,
        Expr[] wrt,
        Unreached unreached,
        Func<Expr, Expr, ImmutableArray<Expr?>>? rule
    )
    {
        // a rule that is tried is tried on the graph as it is written
        var (values, by) = rule is null ? Stabilise.Before([y], [.. wrt]) : ([y], [.. wrt]);
        var found = Reverse.Walk([(values[0], dy)], by.AsSpan(), rule);
        return [.. wrt.Select((w, i) => found[i] ?? (unreached == Unreached.Zero ? Zeros(w) : throw NotReached(verb, what, y, w)))];
    }

    internal static Expr Zeros(Expr like) => Expr.Const(0, like.DType).BroadcastTo(like.Shape);

    static GraphException NotReached(string verb, string what, Expr y, Expr w) =>
        new(
            $"{verb}: {what} must depend on each node it is differentiated by; got {y} and {w}, which no gradient reaches. Drop it from the list, or ask for zeros: Unreached.Zero?",
            w
        );
}
