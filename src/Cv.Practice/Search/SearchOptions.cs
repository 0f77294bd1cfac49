using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Says how a search runs.</summary>
/// <example><code>var options = new SearchOptions { Seed = 7, Journal = "search.jsonl", Stopping = StoppingRule.Median() };</code></example>
public sealed record SearchOptions
{
    /// <summary>Gives the seed: the same one gives the same trials.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Names a file that gets a line for each trial that is done; a search that was killed goes on from it. None unless given.
    /// </summary>
    public string? Journal { get; init; }

    /// <summary>Gives up poor trials on the way; none unless given.</summary>
    public StoppingRule? Stopping { get; init; }

    /// <summary>
    /// Names the validation metric, higher for better, that a trial reports after each epoch where it is a trainer's progress. Unless given, that is the validation loss with
    /// its sign turned. Trials are compared by what they report, so report the same that the score function gives.
    /// </summary>
    public Metric? Metric { get; init; }

    /// <summary>Hears of each trial that is done, those of the journal as well.</summary>
    public IProgress<TrialResult>? Progress { get; init; }

    /// <summary>Asks to stop: the trial that runs is dropped, and those done are in the journal.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(SearchOptions), PrintMembers);
}
