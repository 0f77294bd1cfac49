using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>Tells how training goes. Reported in order, on the thread that trains.</summary>
/// <remarks>The framework's <see cref="Progress{T}"/> hands events to other threads, where they may change places; implement <see cref="IProgress{T}"/>.</remarks>
public abstract record TrainingEvent
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public sealed override string ToString() => RecordText.Of(GetType().Name, PrintMembers);
}

/// <summary>Tells that training begins.</summary>
/// <param name="Epochs">The epochs it will last at most.</param>
/// <param name="StepsPerEpoch">The steps in each.</param>
/// <param name="Images">The images of the training set.</param>
public sealed record TrainingStarted(int Epochs, int StepsPerEpoch, int Images) : TrainingEvent;

/// <summary>Tells that training goes on from a checkpoint. Follows <see cref="TrainingStarted"/>.</summary>
/// <param name="Path">The file.</param>
/// <param name="Steps">The steps that were taken before.</param>
/// <param name="Epochs">The figures of the epochs that were finished before, which are not told again.</param>
/// <param name="Refused">Why a newer file was passed over; null when none was.</param>
public sealed record TrainingResumed(string Path, long Steps, ImmutableArray<EpochEnded> Epochs, string? Refused) : TrainingEvent
{
    /// <summary>Says in what the run of the file differs from this one; empty unless <see cref="CheckpointOptions.AcceptChanges"/> lets it.</summary>
    public ImmutableArray<string> Changes { get; init; } = [];
}

/// <summary>Tells that a step was taken.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Step">The step, from 1 over the whole run.</param>
/// <param name="Loss">The loss of this mini-batch, before its update.</param>
/// <param name="Metrics">The metrics of this mini-batch that were asked for.</param>
/// <param name="EpochLoss">The mean loss over the epoch's images so far.</param>
/// <param name="EpochMetrics">The metrics over the epoch's images so far.</param>
/// <param name="ImagesPerSecond">The rate in this epoch.</param>
/// <param name="TimeLeft">What the remaining epochs will take at the rate of the run so far.</param>
public sealed record StepTaken(
    int Epoch,
    long Step,
    double Loss,
    MetricValues Metrics,
    double EpochLoss,
    MetricValues EpochMetrics,
    double ImagesPerSecond,
    TimeSpan TimeLeft
) : TrainingEvent;

/// <summary>Tells that an epoch is over.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Loss">The mean training loss, taken batch by batch while the parameters changed.</param>
/// <param name="Metrics">The metrics of training that were asked for, taken in the same way.</param>
/// <param name="Validation">The figures of the validation set after the epoch; null without one.</param>
/// <param name="ImagesPerSecond">The rate of training, validation left out.</param>
/// <param name="Elapsed">What the epoch took, validation included.</param>
/// <param name="TimeLeft">What the remaining epochs will take at the rate of the run so far.</param>
public sealed record EpochEnded(
    int Epoch,
    double Loss,
    MetricValues Metrics,
    Evaluation? Validation,
    double ImagesPerSecond,
    TimeSpan Elapsed,
    TimeSpan TimeLeft
) : TrainingEvent;

/// <summary>Tells that training is over. Nothing follows it.</summary>
/// <param name="Reason">Why it is over.</param>
/// <param name="Epochs">The epochs that were finished.</param>
/// <param name="Steps">The steps that were taken.</param>
/// <param name="Elapsed">What the whole run took.</param>
public sealed record TrainingStopped(StopReason Reason, int Epochs, long Steps, TimeSpan Elapsed) : TrainingEvent;

/// <summary>Names the ways in which training ends.</summary>
public enum StopReason
{
    /// <summary>All epochs were trained.</summary>
    Completed,

    /// <summary>The validation loss fell no lower for too many epochs.</summary>
    NoImprovement,

    /// <summary>The caller asked to stop.</summary>
    Cancelled,

    /// <summary>A loss was NaN or infinite.</summary>
    NotFinite,

    /// <summary>Another error ended it.</summary>
    Failed,
}
