using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Cv.Examples.Cs231n;

/// <summary>Shows figures to people and to programs.</summary>
static class Figures
{
    const int PipeWidth = 120;

    static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>Words what a lesson reached, in a line; beside what was published, where it ran on the same images.</summary>
    public static string Line(Finished done) =>
        done.Data == DataSets.Embedded
            ? $"{done.Lesson.Name}: {Percent(done.Outcome.Test)} of the test images in {Time(done.Elapsed)}"
            : $"{done.Lesson.Name}: {done.Ours} in {Time(done.Elapsed)}; published {done.Theirs}";

    /// <summary>Prints a table.</summary>
    /// <param name="lessons">The finished lessons.</param>
    /// <param name="compared">Whether published figures stand beside: on the images that they were published for.</param>
    public static void Print(IReadOnlyCollection<Finished> lessons, bool compared)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("lesson");
        string[] columns = compared ? ["published", "ours", "reached"] : ["train accuracy", "test accuracy", "time per epoch"];
        foreach (string name in (string[])[.. columns, "total", "parameters"])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var done in lessons)
        {
            string[] figures = compared
                ? [done.Theirs, done.Ours, done.Reached ? "yes" : "no"]
                :
                [
                    done.Outcome.Train is { } train ? Percent(train) : "",
                    Percent(done.Outcome.Test),
                    done.Outcome.Epoch is { } epoch ? $"{Number(epoch.TotalMilliseconds, "0")} ms" : "",
                ];
            table.AddRow([done.Lesson.Name, .. figures, Time(done.Elapsed), Number(done.Outcome.Parameters, "#,0")]);
        }
        if (lessons.Count > 1)
            table.AddRow(["together", .. columns.Select(_ => ""), Time(lessons.Aggregate(TimeSpan.Zero, (sum, d) => sum + d.Elapsed)), ""]);
        // a pipe has no width, and the table should not wrap there
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = PipeWidth;
        AnsiConsole.Write(table);
    }

    /// <summary>Writes the figures as a JSON array.</summary>
    public static void Write(FileInfo file, IEnumerable<Finished> lessons)
    {
        using var stream = file.Create();
        using var json = new Utf8JsonWriter(stream, Indented);
        json.WriteStartArray();
        foreach (var done in lessons)
        {
            json.WriteStartObject();
            json.WriteString("lesson", done.Lesson.Name);
            json.WriteString("data", done.Data);
            json.WriteString("published", done.Theirs);
            Accuracy(json, "train_accuracy", done.Outcome.Train);
            Accuracy(json, "validation_accuracy", done.Outcome.Validation);
            Accuracy(json, "test_accuracy", done.Outcome.Test);
            json.WriteNumber("seconds", Math.Round(done.Elapsed.TotalSeconds, 3));
            json.WriteNumber("parameters", done.Outcome.Parameters);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Words a time: "0.62 s", "12.3 min".</summary>
    public static string Time(TimeSpan time) =>
        time.TotalMinutes < 2 ? $"{Number(time.TotalSeconds, "0.00")} s" : $"{Number(time.TotalMinutes, "0.0")} min";

    static void Accuracy(Utf8JsonWriter json, string name, double? accuracy)
    {
        if (accuracy is { } value)
            json.WriteNumber(name, Math.Round(value, 6));
    }

    static string Percent(double fraction) => Number(100 * fraction, "0.00") + " %";

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
