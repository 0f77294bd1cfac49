namespace Cv.Dsl;

/// <summary>Falls by the same part each step: rate e^(-k t).</summary>
/// <param name="First">The rate of the first step.</param>
/// <param name="Decay">How fast it falls, k, per step.</param>
/// <remarks>CS231n notes, "Annealing the learning rate", exponential decay.</remarks>
public sealed record ExponentialSchedule(double First, double Decay) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => First * (step * -Decay).Exp();
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="ExponentialSchedule"/>
    /// <param name="rate">The rate of the first step.</param>
    /// <param name="decay">How fast it falls, k, per step; ln 2 / n halves it in n steps.</param>
    /// <example><code>Optimiser.GradientDescent(Schedule.Exponential(0.1, decay: 1e-4));</code></example>
    /// <exception cref="GraphException">The rate or the decay is negative or not finite.</exception>
    public static Schedule Exponential(double rate, double decay) =>
        new ExponentialSchedule(Rate("exponential", rate), Rate("exponential", decay, "decay"));
}
