using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Gives second derivatives of a scalar, forward over reverse: the tangent of the gradient.</summary>
/// <remarks>Pearlmutter, "Fast exact multiplication by the Hessian" (1994).</remarks>
public static class Hessian
{
    /// <summary>Gives the Hessian by one node, whole: for x of shape [a, b], a tensor [a, b, a, b]. Symmetric, but for rounding.</summary>
    /// <example><code>Expr h = Hessian.Of((x * x * x).Sum(), x);   // f32[3] -> f32[3,3]: 6 x on the diagonal</code></example>
    /// <exception cref="GraphException">The loss is no float scalar or does not depend on the node, or a dim is a symbol.</exception>
    public static Expr Of(Expr loss, Expr x) => Of(loss, x, x);

    /// <summary>Gives the block of mixed derivatives by two nodes: by <paramref name="x"/> of shape [a], then by <paramref name="z"/> of shape [b], a tensor [a, b].</summary>
    /// <example><code>Expr block = Hessian.Of(loss, w, b);   // f32[784,10], f32[1,10] -> f32[784,10,1,10]</code></example>
    /// <exception cref="GraphException">The loss is no float scalar or does not depend on one of the nodes, or a dim is a symbol.</exception>
    public static Expr Of(Expr loss, Expr x, Expr z) => Jacobian.Forward(Gradient.Of(loss, x, z)[0], z, Unreached.Zero);

    /// <summary>Multiplies the Hessian by a vector, which it never makes: the product by all of <paramref name="wrt"/>, of their types, at about twice the cost of the gradient.</summary>
    /// <param name="loss">The scalar.</param>
    /// <param name="wrt">The nodes.</param>
    /// <param name="vector">The vector's part for each node, of its type.</param>
    /// <example><code>
    /// Expr v = Expr.Input("v", w.Shape);
    /// Expr hv = Hessian.Times(loss, [w], [v])[0];
    /// Expr curvature = (v * hv).Sum();   // of the loss along v
    /// </code></example>
    /// <exception cref="GraphException">The loss is no float scalar or does not depend on one of the nodes, or a part of the vector is missing or of another type.</exception>
    public static ImmutableArray<Expr> Times(Expr loss, Expr[] wrt, Expr[] vector) =>
        Jvp.Of(Gradient.Of(loss, wrt), wrt, vector, Unreached.Zero);
}
