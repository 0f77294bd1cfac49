namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Gives a class's part in a divergence, from the logarithm l of what is predicted and the probability p that is: p (log p - l), and 0 where p is 0.</summary>
    public static ScalarGate Divergence =>
        // by hand: p / p overflows where p is so small that 1 / p does
        field ??= Define(
            "divergence",
            (l, p) => p > 0 ? p * (MathF.Log(p) - l) : 0,
            (l, p, y) => p > 0 ? -p : 0,
            (l, p, y) => p > 0 ? MathF.Log(p) - l + 1 : 0
        );
}

public static partial class Verbs
{
    /// <summary>
    /// Measures how far predicted probabilities are from given ones, in nats: the mean over the batch of sum_j p_j (log p_j - l_j). Logarithms of predictions
    /// and targets, both [..., classes], give a scalar, at least 0.
    /// </summary>
    /// <remarks>Kullback and Leibler, "On Information and Sufficiency" (1951). A target of 0 adds nothing, whatever was predicted.</remarks>
    /// <example><code>Expr loss = scores.LogSoftmax().KlDivergence(targets);   // f32[N,10], f32[N,10] -> f32[]</code></example>
    /// <exception cref="ShapeException">The two differ in dtype or shape, are not f32 or f64, or are scalars.</exception>
    public static Expr KlDivergence(this Expr logarithms, Expr targets)
    {
        Pairs.Check("kl_divergence", "logarithms", logarithms, "targets", targets, least: 1);
        return logarithms.Apply(Gate.Divergence, targets).Sum(-1).Mean();
    }
}
