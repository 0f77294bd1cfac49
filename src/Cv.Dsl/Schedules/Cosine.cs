namespace Cv.Dsl;

/// <summary>Falls along half a wave: last + (rate - last) (1 + cos(pi t / steps)) / 2, and stays at the last rate from then on.</summary>
/// <param name="First">The rate of the first step.</param>
/// <param name="Length">The number of steps.</param>
/// <param name="Last">The rate after so many steps.</param>
/// <remarks>Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), equation 5; its restarts are <see cref="Schedule.Repeat"/>.</remarks>
public sealed record CosineSchedule(double First, long Length, double Last) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => Last + (First - Last) / 2 * (1.0 + (Part(step, Length) * Math.PI).Cos());
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="CosineSchedule"/>
    /// <param name="rate">The rate of the first step.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="last">The rate after so many steps.</param>
    /// <example><code>Optimiser.Momentum(Schedule.Cosine(0.1, steps: epochs * batches.Count));</code></example>
    /// <exception cref="GraphException">A rate is negative or not finite, or the steps are fewer than 1.</exception>
    public static Schedule Cosine(double rate, long steps, double last = 0) =>
        new CosineSchedule(Rate("cosine", rate), Steps("cosine", steps), Rate("cosine", last));
}
