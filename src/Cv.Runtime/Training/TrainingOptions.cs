using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Says how long to train, and when to stop before.</summary>
/// <example><code>var options = new TrainingOptions { Epochs = 30, Patience = 3 };</code></example>
public sealed record TrainingOptions
{
    /// <summary>Counts the passes over the training set, at most; at least 1.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>
    /// Stops after this many epochs in a row without a lower validation loss, and puts the parameters of the best epoch back, at the last
    /// epoch too; null never does either. Needs a validation set.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>
    /// Lowers the learning rate after so many epochs in a row without a lower validation loss: the schedule that the optimiser was given. Null does not. Needs a
    /// validation set.
    /// </summary>
    public PlateauSchedule? Plateau { get; init; }

    /// <summary>
    /// Copies the state before every so many steps. When a loss is not finite, training goes back to a copy and takes the good steps
    /// again: fewer copies cost less, and a longer way back.
    /// </summary>
    public int SnapshotEvery { get; init; } = 64;

    /// <summary>Writes the run down as it goes, and goes on from there after a kill; null never does.</summary>
    public CheckpointOptions? Checkpoint { get; init; }

    /// <summary>Tells the time, for rates and the time left.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(TrainingOptions), PrintMembers);
}
