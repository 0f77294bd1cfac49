using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

public static partial class Search
{
    /// <summary>
    /// Tries settings drawn at random at first, then each time those of which a Gaussian process, fitted to the scores so far, expects the largest improvement: among a thousand
    /// drawn at random, and some near the three best.
    /// </summary>
    /// <param name="space">What is searched.</param>
    /// <param name="trials">How many settings are tried.</param>
    /// <param name="score">Trains with a trial's settings and gives a score, higher for better.</param>
    /// <param name="initial">How many are drawn at random first; 3 more than there are settings, unless given.</param>
    /// <param name="options">Seed, journal, stopping rule.</param>
    /// <remarks>
    /// Snoek, Larochelle and Adams, "Practical Bayesian Optimization of Machine Learning Algorithms" (2012). Trials that failed count as the worst score so far.
    /// </remarks>
    /// <example><code>var result = Search.Bayesian(space, 25, Accuracy);</code></example>
    /// <exception cref="GraphException">There are no trials, or none to begin with.</exception>
    /// <exception cref="Cv.Runtime.DataException">The journal is of another search, or spoilt.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public static SearchResult Bayesian(
        SearchSpace space,
        int trials,
        Func<Trial, double> score,
        int? initial = null,
        SearchOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(space);
        AtLeast(trials, 1, "trials");
        int first = AtLeast(initial ?? space.Settings.Length + 3, 1, "trials to begin with");
        ulong seed = options?.Seed ?? 1;
        GaussianProcess? process = null;
        return Run(space, $"bayesian after {first}", Next, score, options);

        Ask? Next(IReadOnlyList<TrialResult> done)
        {
            if (done.Count == trials)
                return null;
            var known = done.Where(t => t.Outcome != TrialOutcome.Failed).ToList();
            if (done.Count < first || known.Count == 0)
                return new(done.Count + 1, space.Draw(seed, done.Count));
            double worst = known.Min(t => t.Score);
            double[][] points = [.. done.Select(t => space.Coordinates(t.Settings))];
            process ??= new(points[0].Length);
            process.Fit(points, [.. done.Select(t => t.Outcome == TrialOutcome.Failed ? worst : t.Score)]);
            var candidates = Candidates(space, seed, done).ToList();
            var beliefs = process.At([.. candidates.Select(space.Coordinates)]);
            var tried = done.Select(t => t.Settings).ToHashSet();
            // what was tried already teaches little; where all was, it is tried again
            int best = Enumerable.Range(0, candidates.Count).MaxBy(i => (!tried.Contains(candidates[i]), beliefs[i].Improvement));
            return new(done.Count + 1, candidates[best]);
        }
    }

    static IEnumerable<Settings> Candidates(SearchSpace space, ulong seed, IReadOnlyList<TrialResult> done)
    {
        const int far = 1000,
            near = 50;
        ImmutableArray<RandomStream> streams = [.. space.Settings.Select(s => new RandomStream(seed, $"search/candidates/{s.Name}"))];
        long at = (long)done.Count << 32;
        for (int i = 0; i < far; i++, at++)
            yield return space.At(streams.Select(s => s.Uniform(at)));
        foreach (var trial in SearchResult.Ranked(done.Where(t => t.Outcome != TrialOutcome.Failed)).Take(3))
        {
            double[] places = [.. space.Settings.Zip(trial.Settings.Values, (s, value) => s.PlaceOf(value))];
            for (int i = 0; i < near; i++, at++)
            {
                double width = 0.1 * Math.Pow(0.9, i);
                yield return space.At(streams.Select((s, k) => Math.Clamp(places[k] + width * s.Normal(at), 0, 1)));
            }
        }
    }
}
