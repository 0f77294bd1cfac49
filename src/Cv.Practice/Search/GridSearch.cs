using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

public static partial class Search
{
    /// <summary>Tries every combination of so many values of each setting, from end to end, and every choice; the last setting changes fastest.</summary>
    /// <param name="space">What is searched.</param>
    /// <param name="values">How many values of each range are tried: those at the ends, and between.</param>
    /// <param name="score">Trains with a trial's settings and gives a score, higher for better.</param>
    /// <param name="options">Seed, journal, stopping rule.</param>
    /// <example><code>
    /// var best = Search.Grid(new SearchSpace(Setting.Choice("k", 1, 3, 5, 8, 10)), 1, trial => Accuracy(trial.Integer("k"))).Best;
    /// </code></example>
    /// <exception cref="GraphException">There are no values, or too many combinations for a list.</exception>
    /// <exception cref="Cv.Runtime.DataException">The journal is of another search, or spoilt.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public static SearchResult Grid(SearchSpace space, int values, Func<Trial, double> score, SearchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(space);
        AtLeast(values, 1, "values of each setting");
        ImmutableArray<ImmutableArray<double>> grids = [.. space.Settings.Select(s => s.Grid(values).ToImmutableArray())];
        double count = grids.Aggregate(1.0, (product, grid) => product * grid.Length);
        if (count > 1_000_000)
            throw new GraphException(
                $"search: a grid must be of a million trials at most; got {count:G3}. Take fewer values, or draw them: Search.Random?"
            );
        return Run(space, $"grid of {values}", done => done.Count < count ? new Ask(done.Count + 1, At(done.Count)) : null, score, options);

        Settings At(int place)
        {
            var chosen = new double[grids.Length];
            for (int i = grids.Length - 1; i >= 0; i--)
                (place, chosen[i]) = (place / grids[i].Length, grids[i][place % grids[i].Length]);
            return new(space, [.. chosen]);
        }
    }
}
