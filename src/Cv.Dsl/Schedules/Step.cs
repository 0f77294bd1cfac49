namespace Cv.Dsl;

/// <summary>Falls in steps: rate factor^k after k times so many steps.</summary>
/// <param name="First">The rate of the first step.</param>
/// <param name="Decay">What the rate is multiplied by each time.</param>
/// <param name="Every">The steps from one fall to the next.</param>
/// <remarks>CS231n notes, "Annealing the learning rate", step decay: half every 5 epochs, or a tenth every 20.</remarks>
public sealed record StepSchedule(double First, double Decay, long Every) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => First * step.Like(Decay).Pow(Whole(step, Every));
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="StepSchedule"/>
    /// <param name="rate">The rate of the first step.</param>
    /// <param name="factor">What the rate is multiplied by each time, above 0 and at most 1.</param>
    /// <param name="every">The steps from one fall to the next.</param>
    /// <example><code>Optimiser.Momentum(Schedule.Step(0.1, factor: 0.5, every: 5 * batches.Count));   // halves every five epochs</code></example>
    /// <exception cref="GraphException">The rate is negative or not finite, the factor is not in (0, 1], or the steps are fewer than 1.</exception>
    public static Schedule Step(double rate, double factor, long every) =>
        new StepSchedule(Rate("step", rate), Factor("step", factor), Steps("step", every));
}
