using System.Globalization;

namespace Cv.Dsl;

/// <summary>Never changes the rate.</summary>
/// <param name="Value">The rate.</param>
public sealed record ConstantSchedule(double Value) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => step.Like(Value);

    /// <summary>Prints the number.</summary>
    protected override string Printed => Value.ToString(CultureInfo.InvariantCulture);
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="ConstantSchedule"/>
    /// <example><code>var held = Schedule.Constant(0.1).Then(Schedule.Cosine(0.1, 5000), after: 1000);</code></example>
    /// <exception cref="GraphException">The rate is negative, NaN or infinite.</exception>
    public static Schedule Constant(double rate) => new ConstantSchedule(Rate("optimiser", rate, "learning rate"));
}
