namespace Cv.Runtime;

/// <summary>
/// Says where and how often a run is written down, so that it can go on after a kill as if nothing had been. <see cref="Trainer.Train"/> goes on from the
/// file if there is one; the one before it is kept beside it, as "run.ckpt.previous".
/// </summary>
/// <remarks>
/// A cancelled run is written down as well, and so is one that ended, after which training on does nothing unless there are more epochs to train. The
/// file is for a run with the same step, evaluator, data and batches: it keeps the graph of the step, every constant in it, and a checksum of the data, and another run is
/// refused by what differs. Delete the file to begin anew, or accept the change (<see cref="AcceptChanges"/>). While a run goes on, "run.ckpt.lock" keeps other runs out.
/// </remarks>
/// <example><code>
/// var options = new TrainingOptions { Epochs = 30, Checkpoint = new("run.ckpt", everyEpochs: 1) };
/// </code></example>
public sealed record CheckpointOptions
{
    /// <summary>Says where and how often; after every epoch unless said.</summary>
    /// <param name="path">The file.</param>
    /// <param name="everyEpochs">The epochs from one writing to the next.</param>
    /// <param name="everySteps">The steps from one writing to the next, over the whole run; with epochs, both.</param>
    /// <exception cref="ArgumentOutOfRangeException">A distance is below 1.</exception>
    public CheckpointOptions(string path, int? everyEpochs = null, int? everySteps = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(everyEpochs ?? 1, nameof(everyEpochs));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(everySteps ?? 1, nameof(everySteps));
        (Path, EverySteps) = (path, everySteps);
        EveryEpochs = everyEpochs ?? (everySteps is null ? 1 : null);
    }

    /// <summary>Gives the file.</summary>
    public string Path { get; }

    /// <summary>Counts the epochs from one writing to the next; null where only steps count.</summary>
    public int? EveryEpochs { get; }

    /// <summary>Counts the steps from one writing to the next; null where only epochs count.</summary>
    public int? EverySteps { get; }

    /// <summary>Says whether to go on from the file if there is one; if not, the run begins anew and replaces it, and the one before it.</summary>
    public bool Resume { get; init; } = true;

    /// <summary>
    /// Says whether a file of a run with another step, evaluator, plateau or data may be gone on from: with a new learning rate, say. What differs is told
    /// (<see cref="TrainingResumed.Changes"/>). The tensors must fit all the same, and the steps of an epoch be as many.
    /// </summary>
    public bool AcceptChanges { get; init; }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(CheckpointOptions), PrintMembers);
}
