using System.CommandLine;
using System.CommandLine.Parsing;

namespace Cv.Examples.Cs231n;

/// <summary>Holds what the command line says.</summary>
sealed record Settings(
    IReadOnlyList<Lesson> Lessons,
    string? Folder,
    int? Epochs,
    int? Batch,
    ulong Seed,
    int Threads,
    FileInfo? Json,
    FileInfo? Results,
    FileInfo? Report,
    int? Watch,
    DirectoryInfo? Checkpoints,
    bool Quick
)
{
    const string AllLessons = "all",
        OpeningLessons = "opening",
        ResultsPage = "docs/cs231n-results.md";

    const int QuickEpochs = 3,
        MostPort = 65_535;

    /// <summary>Makes the command: its options, their help, and what it runs.</summary>
    public static RootCommand Command(Func<Settings, int> run)
    {
        var lesson = new Option<string[]>("--lesson")
        {
            Description =
                $"What to run, one or more: {string.Join(", ", Lesson.All.Select(l => l.Name))}; {OpeningLessons} (softmax, svm, two-layer) or {AllLessons}.",
            HelpName = "NAME",
            AllowMultipleArgumentsPerToken = true,
            CustomParser = r =>
                r.Tokens.FirstOrDefault(t => !Known(t.Value)) is { } bad
                    ? Refused<string[]>(r, $"--lesson must be one of {string.Join(", ", LessonNames)}", bad.Value)
                    : [.. r.Tokens.Select(t => t.Value)],
        };
        var folder = new Option<string?>("--data-dir")
        {
            Description =
                "The folder of the full data sets, in folders cifar10, mnist and fashion-mnist (examples/data/get.sh makes them). Without it lessons run on 10,000 images inside this program, whose figures do not compare.",
            HelpName = "DIR",
        };
        var epochs = Count("--epochs", 1_000_000, "The passes over the training images; each lesson has its own.");
        var batch = Count("--batch", 1_000_000, "The images in a mini-batch; each lesson has its own.");
        var seed = new Option<ulong>("--seed")
        {
            Description = "Chooses the first weights and the order of the images; the same seed gives the same figures.",
            DefaultValueFactory = _ => 1,
            HelpName = "N",
            CustomParser = r =>
                ulong.TryParse(Text(r), out ulong value) ? value : Refused<ulong>(r, "--seed must be a whole number, at least 0"),
        };
        var threads = Count("--threads", 256, "The threads; the figures do not depend on them, the seconds do.");
        var json = File(
            "--json",
            "Writes the figures to FILE, as an array of objects; accuracies from 0 to 1, seconds of all of a lesson."
        );
        var results = File(
            "--results",
            $"Puts each lesson's row into the table of FILE as it ends; {ResultsPage} when all lessons run on full data."
        );
        var report = File(
            "--report",
            "Writes a page of curves and pictures to FILE; of several lessons, each to a file of its own: FILE-softmax.html."
        );
        var watch = new Option<int?>("--watch")
        {
            Description = "Serves that page on this machine while it trains, at port N, or at any free one.",
            Arity = ArgumentArity.ZeroOrOne,
            HelpName = "N",
            CustomParser = r =>
                r.Tokens.Count == 0 ? 0
                : int.TryParse(Text(r), out int port) && port is >= 0 and <= MostPort ? port
                : Refused<int?>(r, $"--watch must be a port from 0 to {MostPort}"),
        };
        var checkpoints = new Option<DirectoryInfo?>("--checkpoints")
        {
            Description = "Keeps what is needed to go on in DIR, once an epoch, and goes on from what is there.",
            HelpName = "DIR",
        };
        var quick = new Option<bool>("--quick")
        {
            Description =
                $"Only tries lessons out, all of them unless some are named: {QuickEpochs} epochs of a few steps; fails if a loss does not fall.",
        };

        var command = new RootCommand("Runs lessons of CS231n, each beside the figure that was published for it.")
        {
            lesson,
            folder,
            epochs,
            batch,
            seed,
            threads,
            json,
            results,
            report,
            watch,
            checkpoints,
            quick,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(folder) is { } path && !Directory.Exists(path))
                result.AddError($"--data-dir must be a folder; there is none at \"{path}\". examples/data/get.sh makes one.");
        });
        command.SetAction(line =>
        {
            bool tried = line.GetValue(quick);
            string[] names = line.GetValue(lesson) is { Length: > 0 } given ? given : [tried ? AllLessons : OpeningLessons];
            bool wholeTable = names.Contains(AllLessons) && line.GetValue(folder) is not null && !tried;
            return run(
                new(
                    [.. names.SelectMany(Named).Distinct()],
                    line.GetValue(folder),
                    tried ? QuickEpochs : line.GetValue(epochs),
                    line.GetValue(batch),
                    line.GetValue(seed),
                    line.GetValue(threads) ?? Math.Min(Environment.ProcessorCount, 256),
                    line.GetValue(json),
                    line.GetValue(results) ?? (wholeTable ? new FileInfo(ResultsPage) : null),
                    line.GetValue(report),
                    line.GetResult(watch) is null ? null : line.GetValue(watch) ?? 0,
                    line.GetValue(checkpoints),
                    tried
                )
            );
        });
        return command;
    }

    static IEnumerable<string> LessonNames => [.. Lesson.All.Select(l => l.Name), OpeningLessons, AllLessons];

    static bool Known(string name) => LessonNames.Contains(name, StringComparer.Ordinal);

    static IEnumerable<Lesson> Named(string name) =>
        name switch
        {
            AllLessons => Lesson.All,
            OpeningLessons => Lesson.Opening,
            _ => Lesson.All.Where(l => l.Name == name),
        };

    static Option<FileInfo?> File(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    static Option<int?> Count(string name, int most, string description) =>
        new(name)
        {
            Description = description,
            HelpName = "N",
            CustomParser = r =>
                int.TryParse(Text(r), out int value) && value >= 1 && value <= most
                    ? value
                    : Refused<int?>(r, $"{name} must be a whole number from 1 to {most}"),
        };

    static string Text(ArgumentResult result) => result.Tokens[^1].Value;

    static T? Refused<T>(ArgumentResult result, string rule, string? got = null)
    {
        result.AddError($"{rule}; got {got ?? Text(result)}.");
        return default;
    }
}
