using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Differentiates in forward mode: given a tangent, a direction in which each node moves, it gives how the value moves, the Jacobian-vector product. Each op
/// brings its own rule (<see cref="Op.Jvp"/>), apart from the one for the way back.
/// </summary>
public static class Jvp
{
    /// <summary>Gives the derivative of <paramref name="y"/> along <paramref name="tangents"/>, of the type of y.</summary>
    /// <param name="y">The value, of any shape, f32 or f64.</param>
    /// <param name="wrt">The nodes that move.</param>
    /// <param name="tangents">The direction of each, of its type.</param>
    /// <param name="unreached">What is made of a value that depends on none of the nodes.</param>
    /// <example><code>Expr slope = Jvp.Of(x.Tanh(), [x], [x.Like(1).BroadcastTo(x.Shape)]);   // 1 - tanh(x)^2</code></example>
    /// <exception cref="GraphException">A node lacks a tangent of its type, or the value depends on none of the nodes and that is an error.</exception>
    public static Expr Of(Expr y, Expr[] wrt, Expr[] tangents, Unreached unreached = Unreached.Error) =>
        Of(ImmutableArray.Create(y), wrt, tangents, unreached)[0];

    /// <summary>Gives the derivatives of several values along the same direction; what they share is computed once.</summary>
    /// <param name="ys">The values, of any shapes, f32 or f64.</param>
    /// <param name="wrt">The nodes that move.</param>
    /// <param name="tangents">The direction of each, of its type.</param>
    /// <param name="unreached">What is made of a value that depends on none of the nodes.</param>
    /// <exception cref="GraphException">A node lacks a tangent of its type, or a value depends on none of the nodes and that is an error.</exception>
    public static ImmutableArray<Expr> Of(ImmutableArray<Expr> ys, Expr[] wrt, Expr[] tangents, Unreached unreached = Unreached.Error)
    {
        if (wrt.Length != tangents.Length)
            throw new GraphException(
                $"jvp: each node must have its tangent; got {wrt.Length} nodes and {tangents.Length} tangents. Give zeros for one that does not move, or drop it."
            );
        foreach (var (x, dx) in wrt.Zip(tangents))
            if (!x.DType.IsFloat() || dx.Type != x.Type)
                throw new GraphException(
                    $"jvp: a tangent must be of its node's type, f32 or f64; got {dx.Type} for {x}. Cast or broadcast one of them.",
                    x,
                    dx
                );
        foreach (var y in ys)
            if (!y.DType.IsFloat())
                throw new GraphException($"jvp: a value must be f32 or f64; got {y}. Differentiate what it was made of.", y);
        var (values, by) = Stabilise.Before(ys, [.. wrt]);
        var found = Forward.Of(values, by, [.. tangents]);
        return [.. ys.Select((y, i) => found[i] ?? (unreached == Unreached.Zero ? Vjp.Zeros(y) : throw NotReached(y, wrt)))];
    }

    static GraphException NotReached(Expr y, Expr[] wrt) =>
        new(
            $"jvp: the value must depend on a node that moves; got {y} and {ErrorText.List(wrt)}. Name another node, or ask for zeros: Unreached.Zero?",
            y
        );
}
