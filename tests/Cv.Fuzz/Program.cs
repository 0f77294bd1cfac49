using System.Diagnostics;
using System.Globalization;

namespace Cv.Fuzz;

/// <summary>
/// Breaks files and reads them. <c>mutants COUNT [FORMAT ...]</c> reads so many of each format; <c>replay FORMAT FILE ...</c> reads files; <c>seeds FORMAT FOLDER</c> writes what
/// mutants are made of; <c>afl FORMAT</c> is run by afl-fuzz (afl.sh).
/// </summary>
public static class Program
{
    /// <summary>Runs a command; the exit code is 1 where a reader does not keep its promise.</summary>
    public static int Main(string[] args)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (args)
        {
            case ["mutants", var count, .. var names]:
                return Mutants(long.Parse(count, CultureInfo.InvariantCulture), names);
            case ["mutant", var name, var number, var file]:
                File.WriteAllBytes(file, MutatorOf(Named(name)).Make(long.Parse(number, CultureInfo.InvariantCulture)));
                return 0;
            case ["replay", var name, .. var files]:
                return files.Aggregate(0, (code, file) => Replayed(new Harness(Named(name)), file) ? code : 1);
            case ["seeds", var name, var folder]:
                Directory.CreateDirectory(folder);
                foreach (var (i, seed) in SeedsOf(Named(name)).Index())
                    File.WriteAllBytes(Path.Combine(folder, $"seed{i}"), seed);
                return 0;
            case ["afl", var name]:
                var format = Named(name);
                SharpFuzz.Fuzzer.OutOfProcess.Run(stream =>
                {
                    using var bytes = new MemoryStream();
                    stream.CopyTo(bytes);
                    if (new Harness(format).Try(bytes.ToArray()) is { } fault)
                        throw new InvalidOperationException(fault);
                });
                return 0;
            default:
                Console.Error.WriteLine(
                    "mutants COUNT [FORMAT ...] | mutant FORMAT NUMBER FILE | replay FORMAT FILE ... | seeds FORMAT FOLDER | afl FORMAT"
                );
                Console.Error.WriteLine($"formats: {string.Join(", ", Formats.All.Select(f => f.Name))}");
                return 2;
        }
    }

    /// <summary>Gives the mutants of a format, made of its seeds and its corpus.</summary>
    public static Mutator MutatorOf(Format format, int seed = 0) => new(format, SeedsOf(format), seed);

    /// <summary>Reads so many mutants of a format; gives what is wrong with the first that is not read as it should be, or null.</summary>
    public static string? Run(Format format, long count, Harness harness)
    {
        // each seed is right, or was found by a coverage-guided run; all of it is compiled once
        foreach (byte[] seed in SeedsOf(format))
            if (harness.Try(seed) is { } fault)
                return $"a file of the corpus: {fault}";
        var mutator = MutatorOf(format);
        for (long number = 0; number < count; number++)
            if (harness.Try(mutator.Make(number)) is { } fault)
                return $"mutant {number}: {fault}";
        return null;
    }

    static List<byte[]> SeedsOf(Format format) => [.. format.Seeds(), .. format.Corpus];

    static Format Named(string name) =>
        Formats.All.FirstOrDefault(f => f.Name == name)
        ?? throw new ArgumentException($"formats are {string.Join(", ", Formats.All.Select(f => f.Name))}; got {name}.", nameof(name));

    static int Mutants(long count, string[] names)
    {
        int faults = 0;
        foreach (var format in names.Length == 0 ? Formats.All : names.Select(Named))
        {
            var harness = new Harness(format);
            long start = Stopwatch.GetTimestamp();
            string? fault = Run(format, count, harness);
            Console.WriteLine(
                $"{format.Name, -12} {harness.Accepted + harness.Refused, 9} files, {harness.Accepted, 9} read, {harness.Refused, 9} refused; slowest {harness.Slowest:0.000} s, most memory {harness.Largest / 1e6:0.00} MB; {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"
            );
            if (fault is null)
                continue;
            faults++;
            Console.WriteLine($"{format.Name}: {fault}");
        }
        return faults == 0 ? 0 : 1;
    }

    static bool Replayed(Harness harness, string file)
    {
        string? fault = harness.Try(File.ReadAllBytes(file));
        Console.WriteLine($"{file}: {fault ?? "as it should be"}");
        return fault is null;
    }
}
