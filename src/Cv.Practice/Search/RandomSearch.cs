using Cv.Dsl;

namespace Cv.Practice;

public static partial class Search
{
    /// <summary>Tries settings drawn at random. Where few of the settings matter, it tries more values of those than a grid of as many trials.</summary>
    /// <param name="space">What is searched.</param>
    /// <param name="trials">How many settings are tried.</param>
    /// <param name="score">Trains with a trial's settings and gives a score, higher for better.</param>
    /// <param name="options">Seed, journal, stopping rule.</param>
    /// <remarks>Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization" (2012).</remarks>
    /// <example><code>var result = Search.Random(space, 30, trial => Train(trial["rate"], trial.Integer("hidden")));</code></example>
    /// <exception cref="GraphException">There are no trials.</exception>
    /// <exception cref="Cv.Runtime.DataException">The journal is of another search, or spoilt.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public static SearchResult Random(SearchSpace space, int trials, Func<Trial, double> score, SearchOptions? options = null)
    {
        AtLeast(trials, 1, "trials");
        ulong seed = options?.Seed ?? 1;
        // the number of trials is not part of the journal's name, so that a search can be made longer
        return Run(
            space,
            "random",
            done => done.Count < trials ? new Ask(done.Count + 1, space.Draw(seed, done.Count)) : null,
            score,
            options
        );
    }
}
