namespace Cv.Runtime;

/// <summary>Holds how well a model does on a data set.</summary>
/// <param name="Loss">The mean loss over the images.</param>
/// <param name="Accuracy">The fraction of images that are classified rightly, 0 to 1.</param>
/// <param name="Count">The images.</param>
public sealed record Evaluation(double Loss, double Accuracy, int Count)
{
    /// <summary>
    /// Runs a function with inputs "x" and "labels" and outputs [loss, accuracy] over every batch, and averages over images: a short last
    /// batch weighs what it holds.
    /// </summary>
    /// <example><code>double accuracy = Evaluation.Of(program.Evaluate, state, new Batches(test, 500)).Accuracy;</code></example>
    /// <exception cref="BindingException">The batches do not fit the function.</exception>
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
        var mean = new RunningMean();
        int? notFinite = null;
        for (int i = 0; i < data.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = data.Get(0, i);
            var (loss, accuracy) = Figures(evaluate.Call(state, batch.Inputs()));
            if (!double.IsFinite(loss))
                notFinite ??= i;
            mean.Add(loss, accuracy, batch.Count);
        }
        return (new(mean.Loss, mean.Accuracy, mean.Count), notFinite);
    }

    /// <summary>Reads the two scalars that a step and an evaluator give.</summary>
    internal static (double Loss, double Accuracy) Figures(IReadOnlyList<Tensor> outputs) =>
        outputs.Count == 2
            ? (outputs[0].Item(), outputs[1].Item())
            : throw new ArgumentException(
                $"training: a step or an evaluator must have two outputs, loss and accuracy; got {outputs.Count}. Compile one that has.",
                nameof(outputs)
            );
}
