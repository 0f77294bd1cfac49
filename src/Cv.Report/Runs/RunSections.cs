using System.Globalization;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>Writes what every page shows of a run: its facts, and its curves.</summary>
static class RunSections
{
    /// <summary>Writes how the run stands, and what was noted of it.</summary>
    public static Markup Facts(RunSnapshot run)
    {
        var facts = new List<(string Name, string Value)> { ("state", State(run)) };
        facts.AddRange(run.Notes);
        if (run.LastEpoch is { } last)
        {
            facts.Add(("training", Figures(last.Loss, last.Metrics)));
            if (last.Validation is { } v)
                facts.Add(("validation", Figures(v.Loss, v.Metrics)));
            facts.Add(("rate", $"{last.ImagesPerSecond.ToString("#,0", CultureInfo.InvariantCulture)} images a second"));
        }
        return Markup.Of($"<dl class=\"facts\">{facts.Select(f => Markup.Of($"<div><dt>{f.Name}</dt><dd>{f.Value}</dd></div>"))}</dl>");
    }

    /// <summary>Lists the curves of a run, under the titles of their charts: the loss, each metric, the learning rate, the speed. Some may have no points.</summary>
    public static IEnumerable<RunChart> Curves(RunSnapshot run) =>
        [
            Of("Loss", run.Loss),
            .. run.Metrics.Select(m => Of(char.ToUpperInvariant(m.Name[0]) + m.Name[1..], m)),
            new("Learning rate", false, [new("learning rate", Mark.Line, run.LearningRate)]),
            new("Images a second", false, [new("images a second", Mark.Line, run.Speed)]),
        ];

    /// <summary>Gives the charts of a run that have anything to draw.</summary>
    public static IEnumerable<Chart> Charts(RunSnapshot run) =>
        Curves(run)
            .Select(c => new Chart(c.Title, "epoch", [.. c.Lines.Select(l => new Series(l.Name, l.Curve.Points, l.Mark))])
            {
                Percent = c.Percent,
            })
            .Where(c => !c.IsEmpty)
            .Select(c => c.WithoutEmptySeries());

    static RunChart Of(string title, FigureCurves figure) =>
        new(
            title,
            figure.IsFraction,
            [
                new("mini-batches", Mark.Faint, figure.Steps),
                new("training", Mark.Line, figure.Training),
                new("validation", Mark.Line, figure.Validation),
            ]
        );

    static string Figures(double loss, MetricValues metrics) =>
        string.Join(
            ", ",
            metrics
                .Select(m => $"{m.Name} {(m.IsFraction ? Digits.Percent(m.Value) : Digits.Short(m.Value))}")
                .Prepend($"loss {Digits.Short(loss)}")
        );

    static string State(RunSnapshot run) =>
        run.Stopped is { } stopped
            ? $"{Ending(stopped.Reason)} after {stopped.Epochs} epochs, {stopped.Steps.ToString("#,0", CultureInfo.InvariantCulture)} steps, {Digits.Time(stopped.Elapsed)}"
        : run.Last is { } step
            ? $"training: epoch {step.Epoch} of {run.Started?.Epochs}, step {step.Step}, {Digits.Time(step.TimeLeft)} left"
        : run.Started is null ? "not begun"
        : "compiling";

    static string Ending(StopReason reason) =>
        reason switch
        {
            StopReason.Completed => "completed",
            StopReason.NoImprovement => "stopped, as the validation loss fell no lower,",
            StopReason.Cancelled => "cancelled",
            StopReason.NotFinite => "stopped by a loss that is not finite",
            _ => "stopped by an error",
        };
}

/// <summary>Names a chart of a run and its curves.</summary>
sealed record RunChart(string Title, bool Percent, RunLine[] Lines);

/// <summary>Names a curve of a run's chart.</summary>
sealed record RunLine(string Name, Mark Mark, CurvePoints Curve);
