using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Gives the derivative of every element of a value by every element of a node, whole: for y of shape [a, b] and x of shape [c], a tensor [a, b, c]. It is one product
/// with each direction of a basis, all of them batched into one graph (<see cref="Vmap"/>), whose size does not grow with the count of directions.
/// </summary>
/// <remarks>Where one product is all that is asked for, <see cref="Jvp"/> and <see cref="Vjp"/> cost as much as one direction.</remarks>
public static class Jacobian
{
    const string Direction = "jacobian/direction";

    /// <summary>Gives the Jacobian column by column, from tangents: cheaper where <paramref name="x"/> has the fewer elements.</summary>
    /// <param name="y">The value, f32 or f64, of known dims.</param>
    /// <param name="x">The node, of known dims.</param>
    /// <param name="unreached">What is made of a value that does not depend on the node.</param>
    /// <example><code>Expr j = Jacobian.Forward(x.MatMul(w), w);   // f32[4,3], f32[3,2] -> f32[4,2,3,2]</code></example>
    /// <exception cref="GraphException">A dim is a symbol, or the value does not depend on the node and that is an error.</exception>
    public static Expr Forward(Expr y, Expr x, Unreached unreached = Unreached.Error)
    {
        Check(y, x);
        var dx = Expr.Input(Direction, x.Shape, x.DType);
        var dy = Jvp.Of(y, [x], [dx], unreached);
        var columns = Vmap.Of(dy, new Dictionary<Expr, Expr> { [dx] = Basis(x) });
        return columns.Transpose([.. Enumerable.Range(1, y.Shape.Rank), 0]).Reshape(Joined(y, x));
    }

    /// <summary>Gives the Jacobian row by row, from cotangents: cheaper where <paramref name="y"/> has the fewer elements.</summary>
    /// <param name="y">The value, f32 or f64, of known dims.</param>
    /// <param name="x">The node, of known dims.</param>
    /// <param name="unreached">What is made of a value that does not depend on the node.</param>
    /// <example><code>Expr j = Jacobian.Reverse(x.MatMul(w), w);   // f32[4,3], f32[3,2] -> f32[4,2,3,2]</code></example>
    /// <exception cref="GraphException">A dim is a symbol, or the value does not depend on the node and that is an error.</exception>
    public static Expr Reverse(Expr y, Expr x, Unreached unreached = Unreached.Error)
    {
        Check(y, x);
        var dy = Expr.Input(Direction, y.Shape, y.DType);
        var dx = Vjp.Of(y, dy, [x], unreached)[0];
        return Vmap.Of(dx, new Dictionary<Expr, Expr> { [dy] = Basis(y) }).Reshape(Joined(y, x));
    }

    /// <summary>Gives one direction for each element: 1 there, and 0 elsewhere.</summary>
    static Expr Basis(Expr x)
    {
        int n = x.Shape.Size;
        return Expr.Iota([n, n], 0).EqualTo(Expr.Iota([n, n], 1)).Cast(x.DType).Reshape([n, .. x.Shape.Dims]);
    }

    static Shape Joined(Expr y, Expr x) => new([.. y.Shape.Dims, .. x.Shape.Dims]);

    static void Check(Expr y, Expr x)
    {
        if (!y.Shape.IsKnown || !x.Shape.IsKnown)
            throw new GraphException(
                $"jacobian: every dim must be known, to count the directions; got {y} by {x}. Give symbols numbers: .Bind(...), or batch that of one example: Vmap.Of?",
                y,
                x
            );
    }
}
