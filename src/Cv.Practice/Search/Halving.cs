using Cv.Dsl;

namespace Cv.Practice;

public static partial class Search
{
    /// <summary>
    /// Tries many settings with little, keeps the best part and tries those again with more, until one is left: <paramref name="trials"/> of them with
    /// <paramref name="budget"/> each, 1 in <paramref name="factor"/> of those with factor times as much, and so on. The trial's <see cref="Trial.Budget"/> says how much, of epochs for instance.
    /// </summary>
    /// <param name="space">What is searched.</param>
    /// <param name="trials">How many settings the first round tries.</param>
    /// <param name="score">Trains with a trial's settings and budget and gives a score, higher for better.</param>
    /// <param name="budget">The means of each trial of the first round.</param>
    /// <param name="factor">How many are dropped for each that stays, and by how much the means grow; 2 or more.</param>
    /// <param name="options">Seed, journal, stopping rule.</param>
    /// <remarks>Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (2016).</remarks>
    /// <example><code>var result = Search.Halving(space, trials: 27, trial => Train(trial["rate"], epochs: (int)trial.Budget), budget: 1, factor: 3);</code></example>
    /// <exception cref="GraphException">There are no trials, the factor is below 2, or the budget is not above 0.</exception>
    /// <exception cref="Cv.Runtime.DataException">The journal is of another search, or spoilt.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public static SearchResult Halving(
        SearchSpace space,
        int trials,
        Func<Trial, double> score,
        double budget = 1,
        int factor = 3,
        SearchOptions? options = null
    )
    {
        AtLeast(trials, 1, "trials");
        AtLeast(factor, 2, "times as much in each round");
        if (!(budget > 0 && double.IsFinite(budget)))
            throw new GraphException($"search: the budget must be a number above 0; got {budget}. Give 1 epoch, say.");
        ulong seed = options?.Seed ?? 1;
        var round = Enumerable.Range(0, trials).Select(i => new Ask(i + 1, space.Draw(seed, i), budget)).ToList();
        int begun = 0;
        return Run(
            space,
            $"halving of {trials} by {factor} from {budget:R}",
            done =>
            {
                if (done.Count == begun + round.Count)
                {
                    // stable: of equals those stay that were drawn first
                    var kept = SearchResult
                        .Ranked(done.Skip(begun).Where(t => t.Outcome == TrialOutcome.Completed))
                        .Take(round.Count / factor);
                    begun = done.Count;
                    round = [.. kept.Select(t => new Ask(t.Number, t.Settings, t.Budget * factor))];
                }
                return round.Count == 0 ? null : round[done.Count - begun];
            },
            score,
            options
        );
    }
}
