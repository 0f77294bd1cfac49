using System.Globalization;

namespace Cv.Dsl;

/// <summary>
/// Says how the learning rate changes as training goes on: a pure function from the number of steps taken, 0 at the first, to the rate. It is computed in the
/// graph of the training step, from a state that counts the steps of a parameter, "w/step", which its optimiser moves. Values, to be composed:
/// <see cref="WarmUp"/>, <see cref="Then"/>, <see cref="Repeat"/>, and products.
/// </summary>
/// <remarks>CS231n notes, "Annealing the learning rate". Steps are exact up to 2^24 where parameters are f32.</remarks>
/// <example><code>
/// var rate = Schedule.Cosine(0.1, steps: 10_000).WarmUp(500);
/// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(rate));
/// double tenth = rate.At(10);   // for a plot
/// </code></example>
public abstract partial record Schedule
{
    /// <summary>Lists the states that the schedule needs besides the count of steps; none, unless overridden.</summary>
    public virtual IEnumerable<Expr> States => [];

    /// <summary>Gives the rate after so many steps, as a scalar node of the steps' dtype.</summary>
    /// <param name="step">The steps taken, a scalar of f32 or f64.</param>
    /// <example><code>Expr rate = Schedule.Exponential(0.1, 1e-3).At(Expr.State("taken", []));</code></example>
    public abstract Expr At(Expr step);

    /// <summary>Computes the rate of the step after so many others, in f64; states count as they are at first.</summary>
    /// <example><code>var curve = Enumerable.Range(0, 1000).Select(t => schedule.At(t));</code></example>
    /// <exception cref="GraphException">The steps are negative, or the rate depends on an input or a parameter.</exception>
    public double At(long step)
    {
        if (step < 0)
            throw new GraphException($"schedule: the steps taken must be at least 0; got {step}. The first step comes after 0.");
        var rate = At(Expr.Const(step, DType.F64));
        var values = new Dictionary<Expr, double[]>();
        foreach (var node in Expr.Nodes(rate))
        {
            var value = new double[node.Shape.Size];
            if (node.Op is State state)
                Array.Fill(value, state.Fill);
            else if (node.Op is Named)
                throw new GraphException(
                    $"schedule: only what depends on steps alone has a value here; got {node}. Run the graph instead."
                );
            else
                node.Op.Evaluate(node, [.. node.Operands.Select(o => values[o])], value);
            values[node] = value;
        }
        return values[rate][0];
    }

    /// <summary>Prints the schedule with its numbers, by the invariant culture.</summary>
    public sealed override string ToString() => Printed;

    /// <summary>Gives what <see cref="ToString"/> prints.</summary>
    protected virtual string Printed => RecordText.Of(GetType().Name, PrintMembers);

    /// <summary>Reads a number as a rate that never changes.</summary>
    public static implicit operator Schedule(double rate) => Constant(rate);

    /// <summary>Gives the whole number of times that <paramref name="step"/> holds <paramref name="every"/>; both are at least 0.</summary>
    private protected static Expr Whole(Expr step, double every) => (step / every).Cast(DType.I32).Cast(step.DType);

    /// <summary>Gives the steps since <paramref name="start"/>, and 0 before.</summary>
    private protected static Expr Since(Expr step, double start) => (step - start).Maximum(0);

    /// <summary>Gives the part of so many steps that was taken, from 0 to 1.</summary>
    private protected static Expr Part(Expr step, double steps) => (step / steps).Minimum(1);

    /// <summary>Checks a rate, which is finite and at least 0.</summary>
    private protected static double Rate(string schedule, double rate, string what = "rate") =>
        double.IsFinite(rate) && rate >= 0
            ? rate
            : throw new GraphException(
                $"{schedule}: the {what} must be a finite number, at least 0; got {rate.ToString(CultureInfo.InvariantCulture)}. 0.01 is a start."
            );

    /// <summary>Checks a number of steps, at least 1.</summary>
    private protected static long Steps(string schedule, long steps) =>
        steps >= 1
            ? steps
            : throw new GraphException($"{schedule}: the steps must be at least 1; got {steps}. An epoch has as many as it has batches.");

    /// <summary>Checks a factor, above 0 and at most 1.</summary>
    private protected static double Factor(string schedule, double factor) =>
        factor is > 0 and <= 1
            ? factor
            : throw new GraphException(
                $"{schedule}: the factor must be above 0 and at most 1; got {factor.ToString(CultureInfo.InvariantCulture)}. 0.5 and 0.1 are usual."
            );
}
