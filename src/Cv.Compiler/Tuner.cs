using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Chooses register tiles by measuring them: each product or convolution is run alone with each candidate, and the fastest is noted in a file, by
/// processor, width, threads and shape. A file that cannot be read counts as empty, one that cannot be written stays as it is. Processes that share a file write one
/// after another, and each keeps what the others have noted.
/// </summary>
sealed class Tuner
{
    const int WarmUps = 2;
    const int Runs = 5;
    const double EnoughMilliseconds = 20;
    const double MostWaitMilliseconds = 2000;

    // a choice is some 150 bytes
    const long MostBytes = 64 << 20;

    static readonly ConcurrentDictionary<string, Lazy<Tuner>> Open = new();
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    readonly Lock _gate = new();
    readonly string? _path;
    readonly Dictionary<string, string> _choices;

    Tuner(string? path)
    {
        _path = path;
        _choices = path is null ? [] : Load(path);
    }

    /// <summary>Gives the tuner that keeps its choices in a file; one serves the whole process. Where no path can be made of the text, it keeps them in memory.</summary>
    public static Tuner At(string? path)
    {
        string? place = null;
        try
        {
            if ((path ?? DefaultPath) is { } given)
                place = FilePlace.Real(given);
        }
        catch (DataException)
        {
            // no place: as a file that can be neither read nor written
        }
        return Open.GetOrAdd(place ?? "", static p => new(() => new Tuner(p.Length == 0 ? null : p))).Value;
    }

    /// <summary>Makes a tuner that shares nothing with others of its file but the file: what another process has.</summary>
    internal static Tuner OfAnotherProcess(string path) => new(FilePlace.Real(path));

    /// <summary>Gives the file in the user's cache folder, if there is one.</summary>
    static string? DefaultPath
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
                cache = Environment.GetFolderPath(
                    Environment.SpecialFolder.LocalApplicationData,
                    Environment.SpecialFolderOption.DoNotVerify
                );
            return string.IsNullOrEmpty(cache) ? null : Path.Combine(cache, "cvdsl", "tiles.json");
        }
    }

    /// <summary>Sets the tiles of a schedule's products and convolutions.</summary>
    public static void Tune(Schedule schedule, CompileOptions options)
    {
        var tuner = At(options.TuneCache);
        foreach (var step in schedule.Steps)
        {
            if (step.Tiled is not { } node || node.Shape.Size == 0)
                continue;
            var candidates = GemmTile.Candidates(new Lanes(options.Bits, node.DType));
            step.Tile = tuner.Choose(KeyOf(node, options), candidates, t => $"{t.Rows}x{t.Vectors}", t => Time(node, options, t));
        }
    }

    /// <summary>Gives the candidate that was chosen for a key before, or measures all and notes the fastest.</summary>
    /// <param name="key">What the choice depends on.</param>
    /// <param name="candidates">The candidates, one at least.</param>
    /// <param name="name">Names a candidate in the file.</param>
    /// <param name="time">Measures one.</param>
    public T Choose<T>(string key, IReadOnlyList<T> candidates, Func<T, string> name, Func<T, double> time)
    {
        lock (_gate)
        {
            if (_choices.TryGetValue(key, out string? known))
                foreach (var candidate in candidates)
                    if (string.Equals(name(candidate), known, StringComparison.Ordinal))
                        return candidate;
            var best = candidates.Count == 1 ? candidates[0] : candidates.MinBy(time)!;
            _choices[key] = name(best);
            Save();
            return best;
        }
    }

    /// <summary>Prints what a choice depends on: processor, width, threads, op, and the types of the operands.</summary>
    static string KeyOf(Expr node, CompileOptions options) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Processor.Name}; {options.Bits} bits; {options.Threads} threads; {node.Op.Name}{node.Op.Attributes} {string.Join(' ', node.Operands.Select(o => o.Op is Transpose ? $"{o.Operands[0].Type} transposed" : o.Type.ToString()))}"
        );

    /// <summary>Measures a node alone, on zeros: the time of the fastest of a few runs, in milliseconds.</summary>
    static double Time(Expr node, CompileOptions options, (int Rows, int Vectors) tile)
    {
        var operands = node.Operands.Select((o, i) => Alone(o, $"operand{i}")).ToArray();
        var function = new CompiledFunction(new Graph(Expr.Of(node.Op, operands)), options with { Autotune = false, Tile = tile });
        Tensor[] results = [Tensor.Zeros(node.Shape, node.DType)];
        var inputs = function.Inputs.Select(i => new Binding(i.Id, Tensor.Zeros(i.Type.Shape, i.Type.DType))).ToArray();
        double best = double.PositiveInfinity;
        long begin = Stopwatch.GetTimestamp();
        for (int run = 0; run < WarmUps + Runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            function.CallInto(results, inputs);
            double ms = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (run > 0)
                best = Math.Min(best, ms);
            if (run > WarmUps && Stopwatch.GetElapsedTime(begin).TotalMilliseconds > EnoughMilliseconds)
                break;
        }
        foreach (var (_, value) in inputs)
            value.Dispose();
        results[0].Dispose();
        return best;
    }

    // a transposition is read in place by a product, so it is part of what is measured
    static Expr Alone(Expr operand, string name) =>
        GemmStep.IsFoldable(operand)
            ? Expr.Of(operand.Op, Expr.Input(name, operand.Operands[0].Shape, operand.DType))
            : Expr.Input(name, operand.Shape, operand.DType);

    /// <summary>Reads the choices of a file; what is spoilt counts as none.</summary>
    internal static Dictionary<string, string> Load(string path)
    {
        try
        {
            using var file = PlainFile.Open(path);
            if (file.Length > MostBytes)
                return [];
            var read = JsonSerializer.Deserialize<Dictionary<string, string?>>(file) ?? [];
            return read.Where(c => c.Value is not null).ToDictionary(c => c.Key, c => c.Value!);
        }
        catch (Exception e) when (e is DataException or JsonException || FilePlace.IsOfFiles(e))
        {
            return [];
        }
    }

    /// <summary>Writes the file: what another process has noted since stays, unless it is ours to say. A reader sees the old file or the new one.</summary>
    void Save()
    {
        if (_path is null)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            using var held = Lock();
            if (held is null)
                return; // the next choice is written with this one
            foreach (var (key, choice) in Load(_path))
                _choices.TryAdd(key, choice);
            AtomicFile.Write(_path, stream => JsonSerializer.Serialize(stream, _choices, Indented));
        }
        catch (Exception e) when (e is DataException || FilePlace.IsOfFiles(e))
        {
            // the choice holds in this process
        }
    }

    /// <summary>Waits for other processes to end their writing, which takes milliseconds; null where one does not.</summary>
    FileLock? Lock()
    {
        for (long start = Stopwatch.GetTimestamp(); ; Thread.Sleep(1))
            if (FileLock.TryTake(_path!) is { } held)
                return held;
            else if (Stopwatch.GetElapsedTime(start).TotalMilliseconds > MostWaitMilliseconds)
                return null;
    }
}
