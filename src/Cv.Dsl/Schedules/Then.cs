namespace Cv.Dsl;

/// <summary>Follows one schedule for so many steps, and then another, from its beginning.</summary>
/// <param name="First">The schedule of the first steps.</param>
/// <param name="Next">The schedule of all others.</param>
/// <param name="After">The number of steps of the first.</param>
public sealed record ThenSchedule(Schedule First, Schedule Next, long After) : Schedule
{
    /// <inheritdoc/>
    public override IEnumerable<Expr> States => First.States.Union(Next.States);

    /// <inheritdoc/>
    public override Expr At(Expr step) => Expr.Select(step < (double)After, First.At(step), Next.At(Since(step, After)));
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="ThenSchedule"/>
    /// <param name="next">The schedule of all other steps; its first step is the one after <paramref name="after"/>.</param>
    /// <param name="after">The number of steps of this one, at least 1.</param>
    /// <example><code>var rate = Schedule.Constant(0.1).Then(Schedule.Step(0.01, 0.1, every: 1000), after: 8000);</code></example>
    /// <exception cref="GraphException">The steps are fewer than 1.</exception>
    public Schedule Then(Schedule next, long after) => new ThenSchedule(this, next, Steps("then", after));
}
