using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Practice;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>Holds one trial of a search: what was tried, and what it reached.</summary>
/// <param name="Values">The value of each hyper-parameter, in the order of their names; NaN where it has none.</param>
/// <param name="Score">What it reached, such as validation accuracy; NaN for one that failed.</param>
public sealed record TrialPoint(ImmutableArray<double> Values, double Score)
{
    /// <summary>Gives how each value is written in the table, for words that stand behind numbers; by default the numbers are.</summary>
    public ImmutableArray<string> Texts { get; init; }

    /// <summary>Makes a trial of its score and its values.</summary>
    /// <example><code>new TrialPoint(0.91, 1e-3, 0.5)</code></example>
    public TrialPoint(double score, params double[] values)
        : this([.. values], score) { }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(TrialPoint), PrintMembers);
}

/// <summary>
/// Shows a search for hyper-parameters: the score over each hyper-parameter, and each pair of them with the best trials marked, as the notes do to find where to look closer
/// (CS231n notes, "Hyperparameter optimization"). An axis whose values span more than a factor of fifty is drawn by powers of ten.
/// </summary>
/// <param name="names">Names the hyper-parameters.</param>
/// <param name="trials">Gives the trials that have ended, in any order, whenever the section is rendered.</param>
/// <param name="score">Names the score; larger is better.</param>
/// <example><code>new HyperParameters(["learning rate", "penalty"], () => [new(0.38, 1e-3, 1e-4), new(0.41, 3e-3, 1e-5)], "validation accuracy")</code></example>
public sealed class HyperParameters(ImmutableArray<string> names, Func<IEnumerable<TrialPoint>> trials, string score = "score") : Section
{
    const double LogFrom = 50;
    const int MostPairs = 6;
    const int MostRows = 50;

    /// <summary>Shows what a search found.</summary>
    /// <param name="result">What <see cref="Search"/> gave back.</param>
    /// <param name="score">Names the score.</param>
    /// <example><code>Report.Write("search.html", run, new HyperParameters(Search.Random(space, 50, Accuracy), "validation accuracy"));</code></example>
    public HyperParameters(SearchResult result, string score = "score")
        : this(result.Space, () => result.Trials, score) { }

    /// <summary>Shows a search that goes on, with the trials that have ended so far: those that its progress was told of.</summary>
    /// <param name="space">What is searched.</param>
    /// <param name="trials">Gives the trials that have ended.</param>
    /// <param name="score">Names the score.</param>
    public HyperParameters(SearchSpace space, Func<IEnumerable<TrialResult>> trials, string score = "score")
        : this([.. space.Settings.Select(s => s.Name)], () => trials().Select(t => PointOf(space, t)), score) { }

    /// <inheritdoc/>
    public override string Title => "Hyper-parameters";

    /// <summary>Shows the trials so far.</summary>
    /// <exception cref="DataException">A trial has not one value for each name.</exception>
    public override Markup Render(Page page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var all = trials().OrderByDescending(t => double.IsNaN(t.Score) ? double.NegativeInfinity : t.Score).ToArray();
        if (all.FirstOrDefault(t => t.Values.Length != names.Length) is { } odd)
            throw new DataException(
                $"hyper-parameters: a trial must have a value for each name; got {odd.Values.Length} for {ErrorText.List(names)}. Give one each."
            );
        var ended = all.Where(t => double.IsFinite(t.Score)).ToArray();
        return all.Length == 0
            ? Markup.Of($"<p>No trial has ended yet.</p>")
            : Markup.Of($"{page.Draw(Alone(ended).Concat(Pairs(ended)))}{Table(all)}");
    }

    IEnumerable<Chart> Alone(TrialPoint[] ended) =>
        names.Select(
            (name, i) =>
                new Chart(score, name, new Series(score, ended.Select(t => (t.Values[i], t.Score)), Mark.Dots)) { LogX = IsLog(ended, i) }
        );

    // the best tenth, the better half and the rest: where the best gather is where to look closer
    IEnumerable<Chart> Pairs(TrialPoint[] ended)
    {
        int best = (ended.Length + 9) / 10,
            better = (ended.Length + 1) / 2;
        var pairs = Enumerable.Range(0, names.Length).SelectMany(i => Enumerable.Range(i + 1, names.Length - i - 1).Select(j => (i, j)));
        foreach (var (i, j) in pairs.Take(MostPairs))
        {
            Series Of(string name, IEnumerable<TrialPoint> some) => new(name, some.Select(t => (t.Values[i], t.Values[j])), Mark.Dots);
            yield return new(
                names[j],
                names[i],
                Of("the rest", ended.Skip(better)),
                Of("better half", ended.Take(better).Skip(best)),
                Of("best tenth", ended.Take(best))
            )
            {
                LogX = IsLog(ended, i),
                LogY = IsLog(ended, j),
            };
        }
    }

    Markup Table(TrialPoint[] all) =>
        Markup.Of(
            $"""
            <div class="scroll"><table><thead><tr><th>{score}</th>{names.Select(n => Markup.Of($"<th>{n}</th>"))}</tr></thead>
            <tbody>{all.Take(MostRows).Select(t =>
                Markup.Of(
                    $"<tr><td>{Digits.Short(t.Score)}</td>{TextsOf(t).Select(v => Markup.Of($"<td>{v}</td>"))}</tr>\n"
                )
            )}</tbody></table></div><p class="note">{Math.Min(all.Length, MostRows)} of {all.Length} trials, the best first.</p>
            """
        );

    static IEnumerable<string> TextsOf(TrialPoint trial) =>
        trial.Texts.IsDefault ? trial.Values.Select(v => double.IsNaN(v) ? "" : Digits.Short(v)) : trial.Texts;

    static TrialPoint PointOf(SearchSpace space, TrialResult trial) =>
        new(trial.Settings.Values, trial.Score) { Texts = [.. space.Settings.Select(s => trial.Settings.Choice(s.Name))] };

    static bool IsLog(TrialPoint[] ended, int i)
    {
        var values = ended.Select(t => t.Values[i]).Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        return values.Min() > 0 && values.Max() / values.Min() >= LogFrom;
    }
}
