using System.Diagnostics;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Looks for good hyper-parameters. Each way of searching calls a function of a trial, which trains with the trial's settings and gives a score, higher for better: a validation accuracy, say.
/// One trial runs at a time, each on all threads; the same seed gives the same trials, also when a search goes on from its journal.
/// </summary>
/// <example><code>
/// var space = new SearchSpace(Setting.LogUniform("rate", 1e-4, 1e-1), Setting.Integer("hidden", 32, 256));
/// var result = Search.Random(space, trials: 30, Accuracy, new() { Journal = "search.jsonl" });
/// Console.WriteLine(result.Best);
/// </code></example>
public static partial class Search
{
    /// <summary>Asks for trials until there is nothing more to ask.</summary>
    static SearchResult Run(
        SearchSpace space,
        string name,
        Func<IReadOnlyList<TrialResult>, Ask?> next,
        Func<Trial, double> score,
        SearchOptions? given
    )
    {
        ArgumentNullException.ThrowIfNull(space);
        ArgumentNullException.ThrowIfNull(score);
        var options = given ?? new();
        using var journal = options.Journal is { } path
            ? new Journal(
                path,
                space,
                $"{name}, seed {options.Seed}, {options.Stopping?.ToString() ?? "no stopping"}{(options.Metric is { } metric ? $" by {metric.Name}" : "")}; {space}"
            )
            : null;
        var done = new List<TrialResult>();
        int resumed = 0;
        while (next(done) is { } ask)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            var result = journal?.Next(ask);
            if (result is null)
            {
                result = Try(ask, done, score, options);
                journal?.Add(result);
            }
            else
                resumed++;
            done.Add(result);
            options.Progress?.Report(result);
        }
        return new(space, [.. done], resumed);
    }

    static TrialResult Try(Ask ask, List<TrialResult> done, Func<Trial, double> score, SearchOptions options)
    {
        using var trial = new Trial(ask, options.Seed, [.. done], options);
        long start = Stopwatch.GetTimestamp();
        double reached;
        try
        {
            reached = score(trial);
        }
        catch (TrainingException)
        {
            reached = double.NaN; // settings under which the loss bursts are a result too
        }
        options.Cancellation.ThrowIfCancellationRequested();
        var outcome =
            !double.IsFinite(reached) ? TrialOutcome.Failed
            : trial.Stopped ? TrialOutcome.Stopped
            : TrialOutcome.Completed;
        return new(
            ask.Number,
            ask.Settings,
            ask.Budget,
            outcome == TrialOutcome.Failed ? double.NaN : reached,
            outcome,
            trial.Reports,
            Stopwatch.GetElapsedTime(start)
        );
    }

    static int AtLeast(int value, int least, string what) =>
        value >= least ? value : throw new GraphException($"search: there must be at least {least} {what}; got {value}. Give more.");
}
