using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Knows where a training program keeps the averages of its parameters, and what it computes from parameters.</summary>
/// <param name="Places">The state of each parameter's average.</param>
/// <param name="Results">The loss, and the metrics.</param>
/// <param name="Scores">The model's output.</param>
/// <param name="Options">How to compile.</param>
/// <param name="Metrics">The metrics' names.</param>
sealed record Averaging(
    IReadOnlyDictionary<Expr, Expr> Places,
    ImmutableArray<Expr> Results,
    Expr Scores,
    CompileOptions? Options,
    IReadOnlyList<Metric> Metrics
)
{
    /// <summary>Finds the averages that an optimiser keeps; null where it keeps none.</summary>
    public static Averaging? Of(
        Graph results,
        Expr scores,
        ImmutableArray<Expr> parameters,
        Optimiser optimiser,
        CompileOptions? options,
        IReadOnlyList<Metric> metrics
    )
    {
        var places = new Dictionary<Expr, Expr>();
        foreach (var parameter in parameters)
            if (optimiser.AverageOf(parameter) is { } average)
                places[parameter] = average;
        return places.Count == 0 ? null : new(places, results.Outputs, scores, options, metrics);
    }

    /// <summary>Gives the program that evaluates and predicts with the averages.</summary>
    public TrainingProgram Apply(TrainingProgram program) =>
        program with
        {
            Evaluate = Compile.Function(new Graph([.. Results.Select(r => r.Substitute(Places))]), Options, Metrics),
            Predict = Compile.Function(new Graph(Scores.Substitute(Places)), Options),
        };

    /// <summary>Copies a state, with the averages in the parameters' places.</summary>
    public ModelState Of(ModelState state)
    {
        var copy = state.Clone();
        foreach (var (parameter, average) in Places)
            copy[((Named)parameter.Op).Id].CopyFrom(state[((Named)average.Op).Id]);
        return copy;
    }
}
