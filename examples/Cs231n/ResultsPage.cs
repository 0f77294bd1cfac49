using System.Globalization;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Keeps the table of all lessons in a Markdown file: each finished lesson replaces its own row and leaves the others, so that a table of hours may be made in parts.
/// </summary>
static class ResultsPage
{
    const string Head = """
        # The course's figures, and ours

        Each row is written by the program as its lesson ends: `examples/Cs231n --lesson NAME --data-dir DIR --results docs/cs231n-results.md`, or all by `--lesson all`. Training, validation and
        test images are as each source has them; test images are never trained on, and settings were chosen on held-out training images; [024](decisions/024-lessons.md) names the exceptions. A
        figure is reached in the digits that were published. Times are of all of a lesson, compiling, training and judging, on the machine and the threads that the row names.

        | lesson | what | data | published | ours | reached | time | parameters | seen |
        |---|---|---|---|---|---|---|---|---|
        """;

    /// <summary>Puts a lesson's row into the file, which is made if there is none.</summary>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static void Put(FileInfo file, Finished done, Settings settings)
    {
        // a FileInfo remembers what it saw first
        var rows = File.Exists(file.FullName)
            ? File.ReadLines(file.FullName).Where(row => row.StartsWith("| ", StringComparison.Ordinal)).Skip(1).ToDictionary(Name)
            : [];
        rows[done.Lesson.Name] = Row(done, settings);
        var ordered = Lesson.All.Where(l => rows.ContainsKey(l.Name)).Select(l => rows[l.Name]);
        file.Directory?.Create();
        File.WriteAllText(file.FullName, string.Join('\n', [Head, .. ordered, ""]));
    }

    static string Name(string row) => row.Split('|', StringSplitOptions.TrimEntries)[1];

    static string Row(Finished done, Settings settings)
    {
        string parameters = done.Outcome.Parameters.ToString("#,0", CultureInfo.InvariantCulture);
        string sources = string.Join(", ", done.Lesson.Published.Select(p => p.Source).Distinct());
        string day = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string threads = settings.Threads == 1 ? "1 thread" : $"{settings.Threads} threads";
        return $"| {done.Lesson.Name} | {done.Lesson.Title} | {done.Data} | {done.Theirs} ({sources}) | {done.Ours} | {(done.Reached ? "yes" : "no")} | {Figures.Time(done.Elapsed)} | {parameters} | {day}, {threads}, {Machine.Name} |";
    }
}
