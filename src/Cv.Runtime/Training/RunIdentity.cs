using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Cv.Runtime;

/// <summary>
/// Holds what decides the numbers of a run, besides its state: the graphs of its step and its judge, line by line, and facts about data, batches and schedule. A checkpoint
/// keeps it, so that no run goes on as another one. How long to train and how often to write is no part of it.
/// </summary>
/// <param name="Step">The lines of <see cref="IFunction.Describe"/> of the step.</param>
/// <param name="Evaluate">Those of the function that judges.</param>
/// <param name="Facts">The other facts, by name.</param>
sealed record RunIdentity(string[] Step, string[] Evaluate, RunFact[] Facts)
{
    const int MostShown = 160;

    /// <summary>Describes a run that is about to begin.</summary>
    public static RunIdentity Of(Trainer trainer, Batches train, Batches? validation) =>
        new(
            [.. trainer.Step.Describe()],
            [.. trainer.Evaluate.Describe()],
            [
                new("number of training examples", Whole(train.Data.Count)),
                new("metrics", trainer.Step.Metrics is { Count: > 0 } metrics ? string.Join(", ", metrics.Select(m => m.Name)) : "none"),
                new("batch size", Whole(train.Size)),
                new("seed of the batches' order", train.Seed is { } seed ? seed.ToString(CultureInfo.InvariantCulture) : "none"),
                .. Of(train, "training"),
                .. validation is null
                    ? [new RunFact("validation set", "none")]
                    : Of(validation, "validation").Append(new("batch size of the validation set", Whole(validation.Size))),
                new(
                    "plateau",
                    trainer.Options.Plateau is { } plateau
                        ? string.Create(CultureInfo.InvariantCulture, $"patience {plateau.Patience}, decay {plateau.Decay:R}")
                        : "none"
                ),
            ]
        );

    /// <summary>Says in what a run of a file differs from this one, each difference in a clause; nothing where they are one run.</summary>
    public IEnumerable<string> DifferencesFrom(RunIdentity file)
    {
        // a fact that only one of them has is one that the other does not know of
        foreach (var (name, here) in Facts)
            if (file.Facts.FirstOrDefault(f => f.Name == name)?.Value is var there && there != here)
                yield return $"its {name} is {there ?? "none"}, and here it is {here}";
        foreach (var (name, _) in file.Facts.Where(f => !Facts.Any(g => g.Name == f.Name)))
            yield return $"it has a {name}, and here there is none";
        if (FirstDifference("step", file.Step, Step) is { } step)
            yield return step;
        else if (FirstDifference("evaluator", file.Evaluate, Evaluate) is { } evaluate)
            yield return evaluate;
    }

    static string? FirstDifference(string what, string[] there, string[] here)
    {
        if (there.AsSpan().SequenceEqual(here))
            return null;
        int at = there.AsSpan().CommonPrefixLength(here);
        int more = Enumerable.Range(at, Math.Min(there.Length, here.Length) - at).Count(i => there[i] != here[i]);
        string others = more > 1 ? $" (and {Whole(more - 1)} more lines)" : "";
        return $"its {what} has {Line(there, at)} where this one has {Line(here, at)}{others}";
    }

    static string Line(string[] lines, int at) =>
        at == lines.Length ? "no more nodes"
        : lines[at].Length <= MostShown ? $"\"{lines[at]}\""
        : $"\"{lines[at][..MostShown]}...\"";

    static IEnumerable<RunFact> Of(Batches batches, string set) =>
        [
            new($"{set} set", $"{Whole(batches.Data.Count)} x {batches.SampleShape} with SHA-256 {batches.Data.Digest[..16]}"),
            new($"scaling of the {set} set", batches.Scaling is { } scaling ? $"{scaling} {Digest(scaling)}".TrimEnd() : "none"),
        ];

    // the formula names what is subtracted; the numbers make it that of one set
    static string Digest(Scaling scaling)
    {
        if (scaling.Means.IsEmpty && scaling.Factors.IsEmpty)
            return "";
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sum.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(scaling.Means));
        sum.AppendData(Encoding.ASCII.GetBytes("/"));
        sum.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(scaling.Factors));
        return "with SHA-256 " + Convert.ToHexStringLower(sum.GetHashAndReset())[..16];
    }

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Is one thing that a run's numbers depend on.</summary>
/// <param name="Name">What it is, as a message says it.</param>
/// <param name="Value">Its text.</param>
sealed record RunFact(string Name, string Value);

/// <summary>Writes and reads what a run is as JSON.</summary>
[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunIdentity))]
sealed partial class RunIdentityJson : JsonSerializerContext;
