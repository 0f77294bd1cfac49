namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Takes the magnitude of a difference, with the tip rounded: d^2 / (2 beta) where |d| &lt; beta, else |d| - beta / 2.</summary>
    /// <exception cref="GraphException">Beta is not a finite number above 0.</exception>
    public static ScalarGate SmoothL1(double beta = 1)
    {
        Settings.Positive("smooth_l1", "beta", beta, "1 is usual.");
        return Define("smooth_l1", d => Math.Abs(d) < beta ? 0.5 * (d * d) / beta : Math.Abs(d) - 0.5 * beta);
    }
}

public static partial class Verbs
{
    /// <summary>Averages the magnitudes of differences over all elements, rounded within <paramref name="beta"/> of 0: a scalar. <see cref="Huber"/>, divided by beta.</summary>
    /// <remarks>Girshick, "Fast R-CNN" (2015).</remarks>
    /// <exception cref="ShapeException">The two differ in dtype or shape, or are not f32 or f64.</exception>
    /// <exception cref="GraphException">Beta is not a finite number above 0.</exception>
    public static Expr SmoothL1(this Expr predictions, Expr targets, double beta = 1)
    {
        Pairs.Check("smooth_l1", "predictions", predictions, "targets", targets);
        return (predictions - targets).Apply(Gate.SmoothL1(beta)).Mean();
    }
}
