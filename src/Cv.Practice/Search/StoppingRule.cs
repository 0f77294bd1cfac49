using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Decides whether a trial is given up on the way. Its text is part of a journal's first line.</summary>
public abstract class StoppingRule
{
    /// <inheritdoc cref="MedianRule"/>
    /// <exception cref="GraphException">There are fewer than 1 trials or reports.</exception>
    /// <example><code>new SearchOptions { Stopping = StoppingRule.Median(trials: 5, reports: 2) }</code></example>
    public static StoppingRule Median(int trials = 4, int reports = 1) => new MedianRule(trials, reports);

    /// <summary>Tells whether a trial with these reports so far is given up.</summary>
    /// <param name="earlier">The trials before it.</param>
    /// <param name="reports">Its scores so far, the latest last.</param>
    public abstract bool Stops(IReadOnlyList<TrialResult> earlier, IReadOnlyList<double> reports);
}

/// <summary>
/// Gives a trial up whose best score so far is below the median of what earlier trials had at that point: of the means of their reports up to there.
/// </summary>
/// <param name="trials">How many trials must have come as far to completion before any is given up.</param>
/// <param name="reports">How many reports each trial may make in peace.</param>
/// <remarks>Golovin, Solnik, Moitra, Kochanski, Karro and Sculley, "Google Vizier" (2017), section 3.2.2. A score that is not a number is below any.</remarks>
public sealed class MedianRule(int trials, int reports) : StoppingRule
{
    /// <summary>Gives how many trials must have come as far to completion before any is given up.</summary>
    public int Trials { get; } = AtLeastOne(trials, "trials");

    /// <summary>Gives how many reports each trial may make in peace.</summary>
    public int Reports { get; } = AtLeastOne(reports, "reports");

    /// <inheritdoc/>
    public override bool Stops(IReadOnlyList<TrialResult> earlier, IReadOnlyList<double> reports)
    {
        int count = reports.Count;
        var means = earlier
            .Where(t => t.Outcome == TrialOutcome.Completed && t.Reports.Length >= count)
            .Select(t => t.Reports.Take(count).Average())
            .Order()
            .ToList();
        if (count <= Reports || means.Count < Trials)
            return false;
        double median = (means[(means.Count - 1) / 2] + means[means.Count / 2]) / 2;
        return !(reports.Max() >= median);
    }

    /// <summary>Prints the rule with its numbers.</summary>
    public override string ToString() => $"median of {Trials} after {Reports}";

    static int AtLeastOne(int value, string what) =>
        value >= 1
            ? value
            : throw new GraphException($"search: the median rule must wait for at least 1 of its {what}; got {value}. Median() is usual.");
}
