using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Joins several states of one model into one, by the mean of their weights: the prediction of an ensemble for the price of one net. The states must be near each
/// other, snapshots of one run; nets from different seeds have no mean that means anything.
/// </summary>
/// <remarks>Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018).</remarks>
/// <example><code>
/// using var averaged = WeightAverage.Of(snapshots.States);
/// WeightAverage.RefreshStatistics(model, averaged, batches);   // only a model with batch norm needs it
/// </code></example>
public static class WeightAverage
{
    /// <summary>Takes the mean of every tensor of numbers with a fraction; integers, counters of steps, are the last state's.</summary>
    /// <returns>A state of its own, of the same names and types.</returns>
    /// <exception cref="ArgumentException">There is no state.</exception>
    /// <exception cref="ShapeException">The states do not have the same names and types.</exception>
    public static ModelState Of(IReadOnlyList<ModelState> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        if (states.Count == 0)
            throw new ArgumentException("weight average: there must be a state; got none. Take a snapshot.", nameof(states));
        var result = states[^1].Clone();
        foreach (var state in states)
            CheckSame(result, state);
        string[] names = [.. result.Names.Where(name => result[name].DType.IsFloat())];
        if (names.Length == 0)
            return result;
        var means = names.Select(name =>
            states.Select((_, i) => Expr.Input(Part(i, name), result[name].Shape, result[name].DType)).Aggregate((a, b) => a + b)
            / states.Count
        );
        var function = Compile.Function([.. means]);
        function.CallInto(
            [.. names.Select(name => result[name])],
            [.. states.SelectMany((state, i) => names.Select(name => new Binding(Part(i, name), state[name])))]
        );
        return result;
    }

    /// <summary>
    /// Moves the running statistics of a model's layers, such as batch norm, as a pass of training would, and nothing else: averaged weights give other
    /// activations than any of those whose statistics they have (Izmailov et al., section 3.2).
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="state">Its parameters and states; the states are moved.</param>
    /// <param name="data">The training set, in batches as large as in training. With a momentum of 0.1, 50 batches leave 0.5 % of the old statistics.</param>
    public static void RefreshStatistics(Model model, ModelState state, Batches data)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        var forward = new Graph(model.Output).ForTraining();
        if (forward.Updates.IsEmpty)
            return;
        var pass = Compile.Function(forward);
        foreach (var batch in data.Epoch(1))
            pass.Call(state, new Binding("x", batch.X));
    }

    static string Part(int state, string name) => $"{state}:{name}";

    static void CheckSame(ModelState first, ModelState other)
    {
        foreach (string name in first.Names.Union(other.Names))
            if (!first.Contains(name) || !other.Contains(name) || first[name].Type != other[name].Type)
                throw new ShapeException(
                    $"weight average: all states must hold the same tensors; \"{name}\" is {TypeOf(first, name)} in one and {TypeOf(other, name)} in another. Average states of one model."
                );
    }

    static string TypeOf(ModelState state, string name) => state.Contains(name) ? state[name].Type.ToString() : "missing";
}
