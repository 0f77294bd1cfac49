namespace Cv.Dsl;

/// <summary>Rises in a straight line to a schedule's first rate, which it takes after so many steps, and follows the schedule from its beginning.</summary>
/// <param name="Inner">The schedule that follows.</param>
/// <param name="Length">The number of steps before it.</param>
/// <remarks>Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour" (2017), gradual warm-up: step t takes (t + 1) / (steps + 1) of the rate.</remarks>
public sealed record WarmUpSchedule(Schedule Inner, long Length) : Schedule
{
    /// <inheritdoc/>
    public override IEnumerable<Expr> States => Inner.States;

    /// <inheritdoc/>
    public override Expr At(Expr step) => ((step + 1.0) / (Length + 1.0)).Minimum(1) * Inner.At(Since(step, Length));
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="WarmUpSchedule"/>
    /// <param name="steps">The number of steps before this schedule begins, at least 1.</param>
    /// <example><code>var rate = Schedule.Cosine(0.4, steps: 9500).WarmUp(500);   // 10,000 steps in all</code></example>
    /// <exception cref="GraphException">The steps are fewer than 1.</exception>
    public Schedule WarmUp(long steps) => new WarmUpSchedule(this, Steps("warm_up", steps));
}
