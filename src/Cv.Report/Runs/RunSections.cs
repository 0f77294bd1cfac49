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
        if (run.Epochs is [.., var (_, last)])
        {
            facts.Add(("training", $"loss {Digits.Short(last.Loss)}, accuracy {Digits.Percent(last.Accuracy)}"));
            if (last.Validation is { } v)
                facts.Add(("validation", $"loss {Digits.Short(v.Loss)}, accuracy {Digits.Percent(v.Accuracy)}"));
            facts.Add(("rate", $"{last.ImagesPerSecond.ToString("#,0", CultureInfo.InvariantCulture)} images a second"));
        }
        return Markup.Of($"<dl class=\"facts\">{facts.Select(f => Markup.Of($"<div><dt>{f.Name}</dt><dd>{f.Value}</dd></div>"))}</dl>");
    }

    /// <summary>Gives the charts of a run that have anything to draw.</summary>
    public static IEnumerable<Chart> Charts(RunSnapshot run)
    {
        const string x = "epoch";
        var training = run.Epochs.Select(e => (e.Epoch, e.Figures.Loss));
        var validated = run.Epochs.Where(e => e.Figures.Validation is not null).ToArray();
        Chart[] charts =
        [
            new(
                "Loss",
                x,
                new("mini-batches", run.StepLoss, Mark.Faint),
                new("training", training),
                new("validation", validated.Select(e => (e.Epoch, e.Figures.Validation!.Loss)))
            ),
            new(
                "Accuracy",
                x,
                new("mini-batches", run.StepAccuracy, Mark.Faint),
                new("training", run.Epochs.Select(e => (e.Epoch, e.Figures.Accuracy))),
                new("validation", validated.Select(e => (e.Epoch, e.Figures.Validation!.Accuracy)))
            )
            {
                Percent = true,
            },
            new("Learning rate", x, new Series("learning rate", run.LearningRate)),
            new("Images a second", x, new Series("images a second", run.Epochs.Select(e => (e.Epoch, e.Figures.ImagesPerSecond)))),
        ];
        return charts.Where(c => !c.IsEmpty).Select(c => c.WithoutEmptySeries());
    }

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
