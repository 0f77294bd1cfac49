using System.CommandLine;
using System.CommandLine.Parsing;

namespace Cv.Examples.Cs231n;

/// <summary>Holds what the command line says.</summary>
sealed record Settings(
    string Data,
    string? Folder,
    IReadOnlyList<Lesson> Lessons,
    int Epochs,
    int Batch,
    ulong Seed,
    int Threads,
    FileInfo? Json,
    bool Quick
)
{
    const string AllLessons = "all";

    /// <summary>Makes the command: its options, their help, and what it runs.</summary>
    public static RootCommand Command(Func<Settings, int> run)
    {
        var data = Choice(
            "--data",
            DataSets.Embedded,
            DataSets.Names,
            "The images to learn: the small set inside this program, or a full one from --data-dir."
        );
        var folder = new Option<string?>("--data-dir")
        {
            Description =
                "The folder of a full set: MNIST's four IDX files (plain or .gz), or CIFAR-10's data_batch_1.bin to _5.bin and test_batch.bin.",
            HelpName = "DIR",
        };
        var lesson = Choice("--lesson", AllLessons, [.. Lesson.All.Select(l => l.Name), AllLessons], "What to train.");
        var epochs = Count("--epochs", 15, 1_000_000, "The passes over the training images.");
        var batch = Count("--batch", 128, 1_000_000, "The images in a mini-batch.");
        var seed = new Option<ulong>("--seed")
        {
            Description = "Chooses the first weights and the order of the images; the same seed gives the same figures.",
            DefaultValueFactory = _ => 1,
            HelpName = "N",
            CustomParser = r =>
                ulong.TryParse(Text(r), out ulong value) ? value : Refused<ulong>(r, "--seed must be a whole number, at least 0"),
        };
        var threads = Count(
            "--threads",
            Math.Min(Environment.ProcessorCount, 256),
            256,
            "The threads; the figures do not depend on them, the seconds do."
        );
        var json = new Option<FileInfo?>("--json")
        {
            Description =
                "Writes the figures to FILE: [{lesson, data, train_accuracy, test_accuracy, seconds, parameters}]; accuracies from 0 to 1, seconds of compiling and training.",
            HelpName = "FILE",
        };
        var quick = new Option<bool>("--quick") { Description = "Only tries everything out: one epoch of 1,000 images." };

        var command = new RootCommand("Trains the first lessons of CS231n: a softmax classifier, a multiclass SVM and a two-layer net.")
        {
            data,
            folder,
            lesson,
            epochs,
            batch,
            seed,
            threads,
            json,
            quick,
        };
        command.Validators.Add(result => CheckFolder(result, data, folder));
        command.SetAction(line =>
            run(
                new(
                    line.GetRequiredValue(data),
                    line.GetValue(folder),
                    [.. Lesson.All.Where(l => line.GetValue(lesson) == AllLessons || line.GetValue(lesson) == l.Name)],
                    line.GetValue(quick) ? 1 : line.GetValue(epochs),
                    line.GetValue(batch),
                    line.GetValue(seed),
                    line.GetValue(threads),
                    line.GetValue(json),
                    line.GetValue(quick)
                )
            )
        );
        return command;
    }

    static void CheckFolder(CommandResult result, Option<string> data, Option<string?> folder)
    {
        // defaults are filled in after this check, and a wrong name has its own message
        string name = result.GetResult(data)?.Tokens is [var token] ? token.Value : DataSets.Embedded;
        if (!DataSets.Names.Contains(name))
            return;
        string? path = result.GetValue(folder);
        bool embedded = name == DataSets.Embedded;
        if (embedded && path is not null)
            result.AddError("--data-dir needs --data, to say which set is in the folder: --data mnist, say.");
        else if (!embedded && path is null)
            result.AddError($"--data {name} needs --data-dir DIR, the folder that holds its files.");
        else if (!embedded && !Directory.Exists(path))
            result.AddError($"--data-dir must be a folder; there is none at \"{path}\".");
    }

    static Option<string> Choice(string name, string usual, IReadOnlyList<string> choices, string description) =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => usual,
            HelpName = string.Join('|', choices),
            CustomParser = r =>
                choices.Contains(Text(r)) ? Text(r) : Refused<string>(r, $"{name} must be one of {string.Join(", ", choices)}"),
        };

    static Option<int> Count(string name, int usual, int most, string description) =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => usual,
            HelpName = "N",
            CustomParser = r =>
                int.TryParse(Text(r), out int value) && value >= 1 && value <= most
                    ? value
                    : Refused<int>(r, $"{name} must be a whole number from 1 to {most}"),
        };

    static string Text(ArgumentResult result) => result.Tokens[^1].Value;

    static T? Refused<T>(ArgumentResult result, string rule)
    {
        result.AddError($"{rule}; got {Text(result)}.");
        return default;
    }
}
