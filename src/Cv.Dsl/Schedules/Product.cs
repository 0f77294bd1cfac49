namespace Cv.Dsl;

/// <summary>Multiplies the rates of two schedules.</summary>
/// <param name="A">One of them.</param>
/// <param name="B">The other.</param>
public sealed record ProductSchedule(Schedule A, Schedule B) : Schedule
{
    /// <inheritdoc/>
    public override IEnumerable<Expr> States => A.States.Union(B.States);

    /// <inheritdoc/>
    public override Expr At(Expr step) => A.At(step) * B.At(step);
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="ProductSchedule"/>
    /// <example><code>var rate = Schedule.Cosine(0.1, 10_000) * Schedule.Step(1, 0.5, every: 1000);</code></example>
    public static Schedule operator *(Schedule a, Schedule b) => new ProductSchedule(a, b);
}
