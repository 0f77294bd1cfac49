using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Holds the size of an optimiser's steps: a number, a schedule, or a scalar node of one's own.</summary>
/// <example><code>
/// Optimiser.GradientDescent(0.1);
/// Optimiser.GradientDescent(Schedule.Cosine(0.1, steps: 10_000));
/// Optimiser.GradientDescent(Expr.Input("rate", []));   // given anew at each call
/// </code></example>
public readonly record struct LearningRate
{
    readonly Schedule? _schedule;

    /// <summary>Makes a constant rate.</summary>
    /// <exception cref="GraphException">The rate is negative, NaN or infinite.</exception>
    public LearningRate(double value) => _schedule = Schedule.Constant(value);

    /// <summary>Makes a rate that the graph computes.</summary>
    /// <exception cref="ShapeException">The node is not a scalar of f32 or f64.</exception>
    public LearningRate(Expr node) => _schedule = Schedule.Given(node);

    /// <summary>Makes a rate that changes with the steps taken.</summary>
    public LearningRate(Schedule schedule) => _schedule = schedule;

    /// <summary>Gives the schedule; a number's is constant.</summary>
    public Schedule Schedule => _schedule ?? Schedule.Constant(0);

    /// <summary>Reads a number as a constant rate.</summary>
    public static implicit operator LearningRate(double value) => new(value);

    /// <summary>Reads a scalar node as a rate.</summary>
    public static implicit operator LearningRate(Expr node) => new(node);

    /// <summary>Reads a schedule as a rate.</summary>
    public static implicit operator LearningRate(Schedule schedule) => new(schedule);

    /// <summary>Gives the rate as a scalar node; where it changes, it reads the count of steps.</summary>
    /// <param name="taken">The steps taken, i32[].</param>
    /// <param name="dtype">The rate's dtype, f32 or f64.</param>
    public Expr At(Expr taken, DType dtype) => Schedule.At(taken.Cast(dtype));

    /// <summary>Lists the states that the rate is computed from, or needs.</summary>
    internal ImmutableArray<Expr> States(Expr parameter, Expr taken) =>
        [.. Expr.Nodes(At(taken, parameter.DType)).Where(e => e.Op is State).Union(Schedule.States)];

    /// <summary>Prints the number, the node or the schedule.</summary>
    public override string ToString() => Schedule.ToString();
}
