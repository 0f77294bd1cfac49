namespace Cv.Dsl;

/// <summary>Begins a schedule again every so many steps.</summary>
/// <param name="Inner">The schedule.</param>
/// <param name="Every">The steps from one beginning to the next.</param>
/// <remarks>Loshchilov and Hutter, "SGDR" (2017), warm restarts; with a snapshot at each end, Huang et al., "Snapshot Ensembles" (2017).</remarks>
public sealed record RepeatSchedule(Schedule Inner, long Every) : Schedule
{
    /// <inheritdoc/>
    public override IEnumerable<Expr> States => Inner.States;

    /// <inheritdoc/>
    public override Expr At(Expr step) => Inner.At(step - Every * Whole(step, Every));
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="RepeatSchedule"/>
    /// <param name="every">The steps from one beginning to the next, at least 1.</param>
    /// <example><code>var rate = Schedule.Cosine(0.1, steps: 2000).Repeat(every: 2000);</code></example>
    /// <exception cref="GraphException">The steps are fewer than 1.</exception>
    public Schedule Repeat(long every) => new RepeatSchedule(this, Steps("repeat", every));
}
