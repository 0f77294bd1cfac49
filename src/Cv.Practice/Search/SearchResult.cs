using System.Collections.Immutable;
using System.Text;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Holds what a search found.</summary>
/// <param name="Space">What was searched.</param>
/// <param name="Trials">Every trial, in the order in which they were made.</param>
/// <param name="Resumed">How many of them were read from the journal.</param>
/// <example><code>
/// var result = Search.Random(space, 20, Accuracy);
/// Console.WriteLine(result);
/// double rate = result.Best.Settings["rate"];
/// </code></example>
public sealed record SearchResult(SearchSpace Space, ImmutableArray<TrialResult> Trials, int Resumed)
{
    /// <summary>Gives the trial of the highest score among those that had the most means and were not given up; of equals, the first.</summary>
    /// <exception cref="GraphException">Every trial failed.</exception>
    public TrialResult Best =>
        Ranked(Trials.Where(t => t.Outcome == TrialOutcome.Completed)).FirstOrDefault()
        ?? throw new GraphException(
            $"search: one of the {Trials.Length} trials must have run to its end; got none. Look at the space: are the rates too high?"
        );

    /// <summary>Prints the trials, the best first.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (
            var trial in Ranked(Trials.Where(t => t.Outcome == TrialOutcome.Completed))
                .Concat(Trials.Where(t => t.Outcome != TrialOutcome.Completed))
        )
            text.Append(trial).Append('\n');
        return text.ToString();
    }

    /// <summary>Puts the best first; sorting keeps the order of equals.</summary>
    internal static IOrderedEnumerable<TrialResult> Ranked(IEnumerable<TrialResult> trials) =>
        trials.OrderByDescending(t => t.Budget).ThenByDescending(t => t.Score);
}
