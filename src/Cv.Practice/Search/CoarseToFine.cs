using Cv.Dsl;

namespace Cv.Practice;

public static partial class Search
{
    /// <summary>
    /// Searches at random in stages: after each, the ranges shrink to a third around the best trial so far, inside the space, and of choices those stay that the best third
    /// of the trials took.
    /// </summary>
    /// <param name="space">What is searched.</param>
    /// <param name="stages">How often it looks, each time closer.</param>
    /// <param name="trials">How many settings each stage tries.</param>
    /// <param name="score">Trains with a trial's settings and gives a score, higher for better.</param>
    /// <param name="options">Seed, journal, stopping rule.</param>
    /// <remarks>CS231n notes, "Stage your search from coarse to fine".</remarks>
    /// <example><code>var result = Search.CoarseToFine(space, stages: 3, trials: 10, Accuracy);</code></example>
    /// <exception cref="GraphException">There are no stages or trials.</exception>
    /// <exception cref="Cv.Runtime.DataException">The journal is of another search, or spoilt.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public static SearchResult CoarseToFine(
        SearchSpace space,
        int stages,
        int trials,
        Func<Trial, double> score,
        SearchOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(space);
        AtLeast(stages, 1, "stages");
        AtLeast(trials, 1, "trials in each stage");
        ulong seed = options?.Seed ?? 1;
        var stage = space;
        return Run(
            space,
            $"coarse to fine by {trials}",
            done =>
            {
                if (done.Count == stages * trials)
                    return null;
                if (done.Count > 0 && done.Count % trials == 0)
                    stage = Narrowed(stage, space, done);
                return new Ask(done.Count + 1, new(space, stage.Draw(seed, done.Count).Values));
            },
            score,
            options
        );
    }

    static SearchSpace Narrowed(SearchSpace stage, SearchSpace whole, IReadOnlyList<TrialResult> done)
    {
        var ranked = SearchResult.Ranked(done.Where(t => t.Outcome == TrialOutcome.Completed)).ToList();
        if (ranked.Count == 0)
            return stage; // all failed: look again
        var best = ranked.Take((ranked.Count + 2) / 3).ToList();
        return new([
            .. stage.Settings.Select(
                (setting, i) => setting.Narrowed([.. best.Select(t => t.Settings.Values[i])], 1.0 / 3, whole.Settings[i])
            ),
        ]);
    }
}
