namespace Cv.Dsl;

/// <summary>Falls as one over time: rate / (1 + k t).</summary>
/// <param name="First">The rate of the first step.</param>
/// <param name="Decay">How fast it falls, k, per step; half the rate is left after 1 / k.</param>
/// <remarks>CS231n notes, "Annealing the learning rate", 1/t decay.</remarks>
public sealed record InverseTimeSchedule(double First, double Decay) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => First / (1.0 + step * Decay);
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="InverseTimeSchedule"/>
    /// <param name="rate">The rate of the first step.</param>
    /// <param name="decay">How fast it falls, k, per step; half the rate is left after 1 / k.</param>
    /// <example><code>Optimiser.GradientDescent(Schedule.InverseTime(0.1, decay: 1e-3));</code></example>
    /// <exception cref="GraphException">The rate or the decay is negative or not finite.</exception>
    public static Schedule InverseTime(double rate, double decay) =>
        new InverseTimeSchedule(Rate("inverse_time", rate), Rate("inverse_time", decay, "decay"));
}
