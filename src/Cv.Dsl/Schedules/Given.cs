namespace Cv.Dsl;

/// <summary>Takes the rate from a node: an input that each call binds, or anything that the graph computes.</summary>
/// <param name="Node">The rate, f32[] or f64[].</param>
public sealed record GivenSchedule(Expr Node) : Schedule
{
    /// <inheritdoc/>
    public override Expr At(Expr step) => Node.Cast(step.DType);

    /// <summary>Prints the node.</summary>
    protected override string Printed => Node.ToString();
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="GivenSchedule"/>
    /// <param name="rate">The rate, f32[] or f64[].</param>
    /// <example><code>var rate = Schedule.Given(Expr.Input("rate", []));</code></example>
    /// <exception cref="ShapeException">The node is not a scalar of f32 or f64.</exception>
    public static Schedule Given(Expr rate) =>
        rate.Shape.Rank == 0 && rate.DType.IsFloat()
            ? new GivenSchedule(rate)
            : throw new ShapeException(
                $"optimiser: the learning rate must be a scalar, f32[] or f64[]; got {rate.Type}. Reshape or cast it."
            );
}
