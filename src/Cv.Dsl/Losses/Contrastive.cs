namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>
    /// Costs a pair by its squared distance s: s / 2 where the two are the same (t is 1), and (margin - sqrt s)^2 / 2 where they are not (t is 0) and come
    /// within the margin.
    /// </summary>
    /// <exception cref="GraphException">The margin is not a finite number above 0.</exception>
    public static ScalarGate Contrastive(double margin = 1)
    {
        Settings.Positive("contrastive", "margin", margin, "1 is usual.");
        // in one place, two that differ have no direction to part in: the maximum keeps the slope of sqrt at 0 out of it
        return Define("contrastive", (s, t) => 0.5 * (t > 0.5 ? s : Math.Pow(Math.Max(margin - Math.Sqrt(Math.Max(s, 1e-30)), 0), 2)));
    }
}

public static partial class Verbs
{
    /// <summary>
    /// Draws vectors of a kind together and pushes others apart, up to a margin: over the pairs, the mean of |a - b|^2 / 2 where <paramref name="same"/> is 1,
    /// and of max(margin - |a - b|, 0)^2 / 2 where it is 0. Vectors [..., C] and labels i32[...] give a scalar.
    /// </summary>
    /// <remarks>Hadsell, Chopra and LeCun, "Dimensionality Reduction by Learning an Invariant Mapping" (2006).</remarks>
    /// <example><code>Expr loss = left.Contrastive(right, same);   // f32[N,64], f32[N,64], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The vectors differ in dtype or shape, or the labels are not i32 with their shape less the last dim.</exception>
    /// <exception cref="GraphException">The margin is not a finite number above 0.</exception>
    public static Expr Contrastive(this Expr a, Expr b, Expr same, double margin = 1)
    {
        Pairs.Check("contrastive", "the vectors", a, "their partners", b, least: 1);
        if (same.DType != DType.I32 || !a.Shape.Dims[..^1].SequenceEqual(same.Shape.Dims))
            throw new ShapeException(
                $"contrastive: labels must be i32, 1 for the same and 0 for others, with the vectors' shape less the last dim; got {a.Type} and {same.Type}. For vectors [N,64], give labels i32[N]."
            );
        var difference = a - b;
        return (difference * difference).Sum(-1).Apply(Gate.Contrastive(margin), same.AsLabels(2).Cast(a.DType)).Mean();
    }
}
