using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Cv.Examples.Cs231n;

/// <summary>Holds what one lesson reached.</summary>
/// <param name="Lesson">Its name.</param>
/// <param name="Data">The data it learnt.</param>
/// <param name="TrainAccuracy">The fraction of the training images that the trained model classifies rightly, 0 to 1.</param>
/// <param name="TestAccuracy">The same of the test images, which training never sees.</param>
/// <param name="EpochSeconds">The median time of an epoch.</param>
/// <param name="Seconds">The time of compiling and training.</param>
/// <param name="Parameters">The trained numbers.</param>
sealed record Figures(
    string Lesson,
    string Data,
    double TrainAccuracy,
    double TestAccuracy,
    double EpochSeconds,
    double Seconds,
    int Parameters
);

/// <summary>Shows figures to people and to programs.</summary>
static class Report
{
    const int PipeWidth = 100;

    static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Prints a table.</summary>
    public static void Print(IReadOnlyCollection<Figures> figures)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("lesson");
        foreach (string name in (ReadOnlySpan<string>)["train accuracy", "test accuracy", "time per epoch", "total", "parameters"])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var f in figures)
            table.AddRow(
                f.Lesson,
                Percent(f.TrainAccuracy),
                Percent(f.TestAccuracy),
                $"{Number(1000 * f.EpochSeconds, "0")} ms",
                $"{Number(f.Seconds, "0.00")} s",
                Number(f.Parameters, "#,0")
            );
        if (figures.Count > 1)
            table.AddRow("together", "", "", "", $"{Number(figures.Sum(f => f.Seconds), "0.00")} s", "");
        // a pipe has no width, and the table should not wrap there
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = PipeWidth;
        AnsiConsole.Write(table);
    }

    /// <summary>Writes the figures as a JSON array.</summary>
    public static void Write(FileInfo file, IEnumerable<Figures> figures)
    {
        using var stream = file.Create();
        using var json = new Utf8JsonWriter(stream, Indented);
        json.WriteStartArray();
        foreach (var f in figures)
        {
            json.WriteStartObject();
            json.WriteString("lesson", f.Lesson);
            json.WriteString("data", f.Data);
            json.WriteNumber("train_accuracy", Math.Round(f.TrainAccuracy, 6));
            json.WriteNumber("test_accuracy", Math.Round(f.TestAccuracy, 6));
            json.WriteNumber("seconds", Math.Round(f.Seconds, 3));
            json.WriteNumber("parameters", f.Parameters);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static string Percent(double fraction) => Number(100 * fraction, "0.00") + " %";

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
