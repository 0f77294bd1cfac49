namespace Cv.Dsl;

/// <summary>Goes in a straight line: first + (last - first) t / steps, and stays at the last rate from then on.</summary>
/// <param name="First">The rate of the first step.</param>
/// <param name="Last">The rate after so many steps.</param>
/// <param name="Length">The number of steps.</param>
public sealed record LinearSchedule(double First, double Last, long Length) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => First + (Last - First) * Part(step, Length);
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="LinearSchedule"/>
    /// <param name="first">The rate of the first step.</param>
    /// <param name="last">The rate after so many steps.</param>
    /// <param name="steps">The number of steps.</param>
    /// <example><code>Optimiser.Momentum(Schedule.Linear(0.1, 0, steps: epochs * batches.Count));   // falls to 0 in the course of training</code></example>
    /// <exception cref="GraphException">A rate is negative or not finite, or the steps are fewer than 1.</exception>
    public static Schedule Linear(double first, double last, long steps) =>
        new LinearSchedule(Rate("linear", first), Rate("linear", last), Steps("linear", steps));
}
