using System.Globalization;

namespace Cv.Runtime;

/// <summary>Words the figures of training for people.</summary>
static class ProgressText
{
    /// <summary>Words an epoch's figures in a line: "epoch  3/15  loss 0.4312  accuracy 84.90 %  61200 images/s  0:04 left".</summary>
    public static string Line(EpochEnded epoch, int epochs)
    {
        string metrics = string.Concat(epoch.Metrics.Select(m => $"  {m}"));
        string validation = epoch.Validation is { } v ? $"  validation {Loss(v.Loss)}{string.Concat(Validated(epoch, v))}" : "";
        return $"{Epoch(epoch.Epoch, epochs)}  loss {Loss(epoch.Loss)}{metrics}{validation}  {Rate(epoch.ImagesPerSecond)}  {Time(epoch.TimeLeft)} left";
    }

    /// <summary>Words where training goes on.</summary>
    public static string Resumed(TrainingResumed resumed) =>
        $"going on after step {Whole(resumed.Steps)} ({resumed.Epochs.Length} epochs finished) from {resumed.Path}";

    /// <summary>Words the figures that stand beside the bar: as many of them as there is room for.</summary>
    public static string Beside(StepTaken step, int room)
    {
        string text = $"loss {Loss(step.EpochLoss)}";
        string[] more = [.. step.EpochMetrics.Select(m => $"{m}"), $"{Time(step.TimeLeft)} left", Rate(step.ImagesPerSecond)];
        foreach (string figure in more)
            if (text.Length + 2 + figure.Length <= room)
                text += "  " + figure;
        return text;
    }

    /// <summary>Words why training ended before its last epoch; null when it did not.</summary>
    public static string? Ending(TrainingStopped stopped) =>
        stopped.Reason switch
        {
            StopReason.NoImprovement => $"stopped after epoch {stopped.Epochs}: the validation loss falls no lower",
            StopReason.Cancelled => $"cancelled after step {Whole(stopped.Steps)} ({stopped.Epochs} epochs finished)",
            StopReason.NotFinite => $"stopped after step {Whole(stopped.Steps)}: the loss is not finite",
            StopReason.Failed => $"stopped after step {Whole(stopped.Steps)} by an error",
            _ => null,
        };

    /// <summary>Words an epoch's number, as wide as the last one will be.</summary>
    public static string Epoch(int epoch, int epochs)
    {
        string last = Whole(epochs);
        return $"epoch {Whole(epoch).PadLeft(last.Length)}/{last}";
    }

    /// <summary>Words the metrics of validation: those of training stand before them under the same names, others are named.</summary>
    static IEnumerable<string> Validated(EpochEnded epoch, Evaluation validation)
    {
        bool sameNames = epoch.Metrics.Select(m => m.Name).SequenceEqual(validation.Metrics.Select(m => m.Name));
        return validation.Metrics.Select(m => sameNames ? $", {m.Text}" : $", {m}");
    }

    static string Rate(double imagesPerSecond) => $"{imagesPerSecond.ToString("0", CultureInfo.InvariantCulture)} images/s";

    static string Loss(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    static string Time(TimeSpan span)
    {
        // rounded up: 0:00 left is said only of nothing left
        var whole = TimeSpan.FromSeconds(Math.Min(Math.Ceiling(span.TotalSeconds), TimeSpan.MaxValue.TotalSeconds / 2));
        return whole.TotalHours < 1
            ? $"{(int)whole.TotalMinutes}:{whole.Seconds:00}"
            : $"{Whole((long)whole.TotalHours)}:{whole.Minutes:00}:{whole.Seconds:00}";
    }
}
