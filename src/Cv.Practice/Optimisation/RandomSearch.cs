using Cv.Dsl;

namespace Cv.Practice;

/// <summary>
/// Tries parameters drawn at random, and keeps them where the loss is the lowest so far: what there is without a gradient, and what to compare with. One compiled function draws, judges and keeps.
/// </summary>
/// <param name="Deviation">The standard deviation of what is drawn, above 0.</param>
/// <param name="Local">Whether what is drawn is added to the best parameters so far, or stands in their place.</param>
/// <param name="Seed">Chooses what is drawn.</param>
/// <remarks>CS231n notes, "Optimization", strategy 1, random search, and strategy 2, random local search. An iteration of the options is one trial.</remarks>
/// <example><code>
/// var weights = RandomSearch.Trials(1e-4).Minimise(loss, state, inputs, new() { Iterations = 1000 });
/// var better = RandomSearch.Walk(1e-4).Minimise(loss, state, inputs, new() { Iterations = 1000 });
/// </code></example>
public sealed record RandomSearch(double Deviation, bool Local, ulong Seed = 1) : Minimiser
{
    /// <summary>Draws all parameters anew each time.</summary>
    public static RandomSearch Trials(double deviation, ulong seed = 1) => new(deviation, false, seed);

    /// <summary>Takes a random step from the best parameters each time.</summary>
    public static RandomSearch Walk(double deviation, ulong seed = 1) => new(deviation, true, seed);

    private protected override Minimum Run(MinimiserTask task)
    {
        if (!double.IsFinite(Deviation) || Deviation <= 0)
            throw new GraphException(
                FormattableString.Invariant(
                    $"random_search: the deviation must be a finite number above 0; got {Deviation}. 1e-4 is a start."
                )
            );
        var trial = Expr.State("minimise/trial", [], 0, DType.I32);
        var lowest = Expr.State("minimise/lowest", [], 0, DType.F64);
        var parameters = new ParameterVector(task.Parameters);
        var drawn = new ParameterVector([.. task.Parameters.Select((p, i) => Deviation * Normal(p, trial, i))]);
        var tried = Local ? parameters + drawn : drawn;
        var loss = task.Loss.Substitute(task.Parameters.Zip(tried.Parts).ToDictionary()).Cast(DType.F64);
        var better = loss < lowest;

        using var state = task.With([trial, lowest]);
        var start = task.Compile([task.Loss], [(lowest, task.Loss.Cast(DType.F64))]);
        var next = task.Compile(
            [Expr.Select(better, loss, lowest), better.Cast(DType.F64)],
            [
                .. parameters.Becomes(ParameterVector.Select(better, tried, parameters)),
                (lowest, Expr.Select(better, loss, lowest)),
                (trial, trial + 1.0),
            ]
        );
        task.Evaluations++;
        double reached = task.Begin(start.Call(state, task.Inputs).Scalars()[0], start, state, task.Inputs);
        while (task.Next <= task.Options.Iterations)
        {
            if (task.Cancellation.IsCancellationRequested)
                return task.End(MinimumReason.Cancelled, reached);
            task.Evaluations++;
            double[] figures = next.Call(state, task.Inputs).Scalars();
            reached = figures[0];
            task.Note(reached, gradient: null, figures[1], evaluations: 1);
        }
        return task.End(MinimumReason.Iterations, reached);
    }

    /// <summary>Draws a parameter's standard normal numbers, by Box and Muller's formula from two streams of its own.</summary>
    Expr Normal(Expr parameter, Expr trial, int place)
    {
        uint key = (uint)(Seed ^ (Seed >> 32)) * 0x9E3779B9u + 2 * (uint)place;
        var radius = (-2.0 * (1.0 - Expr.Uniform(parameter.Shape, trial, key, parameter.DType)).Log()).Sqrt();
        return radius * (2 * Math.PI * Expr.Uniform(parameter.Shape, trial, key + 1, parameter.DType)).Cos();
    }
}
