namespace Cv.Runtime;

/// <summary>Holds how well a model does on a data set.</summary>
/// <param name="Loss">The mean loss over the examples.</param>
/// <param name="Metrics">The metrics that the function names, each a mean over the examples.</param>
/// <param name="Count">The examples.</param>
public sealed record Evaluation(double Loss, MetricValues Metrics, int Count)
{
    /// <summary>
    /// Runs a function with inputs "x" and "labels" and outputs [loss, metrics...] over every batch, and averages over examples: a short last
    /// batch weighs what it holds.
    /// </summary>
    /// <example><code>double accuracy = Evaluation.Of(program.Evaluate, state, new Batches(test, 500)).Metrics["accuracy"];</code></example>
    /// <exception cref="BindingException">The batches do not fit the function.</exception>
    /// <exception cref="ArgumentException">The function gives other outputs than a loss and the metrics that it names.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public static Evaluation Of(IFunction evaluate, ModelState state, Batches data, CancellationToken cancellation = default) =>
        Run(evaluate, state, data, cancellation).Evaluation;

    /// <summary>Gives the place of the first batch whose loss is not finite as well, or null.</summary>
    internal static (Evaluation Evaluation, int? NotFinite) Run(
        IFunction evaluate,
        ModelState state,
        Batches data,
        CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(evaluate);
        ArgumentNullException.ThrowIfNull(data);
        using var figures = new Figures(evaluate);
        var mean = new RunningMean();
        int? notFinite = null;
        for (int i = 0; i < data.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = data.Get(0, i);
            figures.Call(state, batch.Inputs());
            if (!double.IsFinite(figures.Loss))
                notFinite ??= i;
            mean.Add(figures.Loss, figures.Metrics, batch.Count);
        }
        return (new(mean.Loss, mean.Metrics(figures.Names), mean.Count), notFinite);
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(Evaluation), PrintMembers);
}
