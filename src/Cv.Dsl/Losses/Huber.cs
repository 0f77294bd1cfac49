namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Squares small differences and takes large ones straight: d^2 / 2 where |d| &lt; delta, else delta (|d| - delta / 2).</summary>
    /// <exception cref="GraphException">Delta is not a finite number above 0.</exception>
    public static ScalarGate Huber(double delta = 1)
    {
        Settings.Positive("huber", "delta", delta, "1 is usual.");
        return Define("huber", d => Math.Abs(d) < delta ? 0.5 * (d * d) : delta * (Math.Abs(d) - 0.5 * delta));
    }
}

public static partial class Verbs
{
    /// <summary>
    /// Averages over all elements what differences cost, squared while they are small and straight beyond <paramref name="delta"/>, so that outliers pull no
    /// harder than delta: a scalar.
    /// </summary>
    /// <remarks>Huber, "Robust Estimation of a Location Parameter" (1964).</remarks>
    /// <example><code>Expr loss = predictions.Huber(targets);   // f32[N,1], f32[N,1] -> f32[]</code></example>
    /// <exception cref="ShapeException">The two differ in dtype or shape, or are not f32 or f64.</exception>
    /// <exception cref="GraphException">Delta is not a finite number above 0.</exception>
    public static Expr Huber(this Expr predictions, Expr targets, double delta = 1)
    {
        Pairs.Check("huber", "predictions", predictions, "targets", targets);
        return (predictions - targets).Apply(Gate.Huber(delta)).Mean();
    }
}
