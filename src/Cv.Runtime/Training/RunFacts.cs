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
);

/// <summary>Writes and reads the facts as JSON. A rate may be infinite: a clock that stands still.</summary>
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RunFacts))]
sealed partial class RunFactsJson : JsonSerializerContext;
