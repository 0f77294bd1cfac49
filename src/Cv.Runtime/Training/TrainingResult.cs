using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>Tells what training reached.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="Steps">The steps that were taken.</param>
/// <param name="Epochs">The figures of each finished epoch.</param>
/// <param name="BestEpoch">The epoch, from 1, of the lowest validation loss; null without a validation set.</param>
/// <param name="Elapsed">What the whole run took.</param>
public sealed record TrainingResult(StopReason Reason, long Steps, ImmutableArray<EpochEnded> Epochs, int? BestEpoch, TimeSpan Elapsed)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(TrainingResult), PrintMembers);
}
