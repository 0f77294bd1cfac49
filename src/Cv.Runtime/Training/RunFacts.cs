using System.Globalization;
using System.Text.Json.Serialization;

namespace Cv.Runtime;

/// <summary>Holds what a run knows besides its tensors: where it stands, what it has seen, and what it runs on. Every number is kept to the bit.</summary>
/// <param name="Steps">The updates so far.</param>
/// <param name="StepsPerEpoch">The batches of an epoch.</param>
/// <param name="Examples">The examples of the training set.</param>
/// <param name="BatchSize">The examples of a batch.</param>
/// <param name="Seed">What the orders of the epochs are drawn from.</param>
/// <param name="Mean">Loss and metrics of the epoch so far.</param>
/// <param name="Epochs">The figures of each finished epoch.</param>
/// <param name="BestEpoch">The epoch of the lowest validation loss.</param>
/// <param name="BestLoss">That loss.</param>
/// <param name="Elapsed">What the run took so far.</param>
/// <param name="EpochElapsed">What the epoch took so far.</param>
sealed record RunFacts(
    long Steps,
    int StepsPerEpoch,
    int Examples,
    int BatchSize,
    ulong? Seed,
    RunningMean Mean,
    EpochEnded[] Epochs,
    int? BestEpoch,
    double? BestLoss,
    TimeSpan Elapsed,
    TimeSpan EpochElapsed
)
{
    /// <summary>Says which fact cannot be one of a run: a checksum holds for what someone else has written, too. Null where all can.</summary>
    public string? Fault()
    {
        if (Steps < 0 || StepsPerEpoch < 1 || Examples < 1 || BatchSize < 1 || BatchSize > Examples)
            return $"{Steps} steps, {StepsPerEpoch} an epoch, of {Examples} examples in batches of {BatchSize}";
        if (StepsPerEpoch != (Examples - 1) / BatchSize + 1)
            return $"{StepsPerEpoch} steps an epoch of {Examples} examples in batches of {BatchSize}";
        for (int i = 0; i < Epochs.Length; i++)
            if (Epochs[i] is not { } epoch || epoch.Epoch != i + 1)
                return $"epoch {Epochs[i]?.Epoch.ToString(CultureInfo.InvariantCulture) ?? "null"} in the place of epoch {i + 1}";
        // an epoch is told when its last step is taken
        long begun = Steps - (long)Epochs.Length * StepsPerEpoch;
        if (begun < 0 || begun > StepsPerEpoch || Mean.Count < 0 || Mean.Count > Examples || (begun == 0) != (Mean.Count == 0))
            return $"{Steps} steps, {Epochs.Length} epochs of {StepsPerEpoch} steps, and {Mean.Count} examples of the next";
        if (
            BestEpoch is null != BestLoss is null
            || BestEpoch < 1
            || BestEpoch > Epochs.Length
            || BestLoss is { } loss && !double.IsFinite(loss)
        )
            return $"the loss {BestLoss} of the best epoch, {BestEpoch}, of {Epochs.Length}";
        return Elapsed < TimeSpan.Zero || EpochElapsed < TimeSpan.Zero ? $"times of {Elapsed} and {EpochElapsed}" : null;
    }
}

/// <summary>Writes and reads the facts as JSON. A rate may be infinite: a clock that stands still.</summary>
[JsonSourceGenerationOptions(
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(RunFacts))]
sealed partial class RunFactsJson : JsonSerializerContext;
