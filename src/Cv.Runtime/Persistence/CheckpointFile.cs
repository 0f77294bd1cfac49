using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Cv.Runtime;

/// <summary>
/// Writes and reads the file of a checkpoint: safetensors, with the tensors under "state/" and "best/", the facts as JSON among the metadata, and first of
/// all the SHA-256 of the whole file, taken with zeros in its own place.
/// </summary>
static class CheckpointFile
{
    const string Format = "cvdsl checkpoint 2";
    const string StatePrefix = "state/";
    const string BestPrefix = "best/";

    static readonly byte[] BeforeSum = Encoding.ASCII.GetBytes($$"""{"{{SafetensorsHeader.MetadataName}}":{"sha256":" """.TrimEnd());
    static readonly int SumAt = sizeof(long) + BeforeSum.Length;
    static readonly string NoSum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Writes the file.</summary>
    /// <param name="path">Its place.</param>
    /// <param name="state">The tensors.</param>
    /// <param name="best">Those of the best epoch.</param>
    /// <param name="facts">How far the run came.</param>
    /// <param name="identity">Which run it is.</param>
    /// <param name="keep">Whether the file that stands there is kept as the one before: it must be known to be whole. If not, the one before stays what it is.</param>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public static void Write(string path, ModelState state, ModelState? best, RunFacts facts, RunIdentity identity, bool keep)
    {
        // the tensors stay whose they are: this state is only their names
        var all = new ModelState(Prefixed(StatePrefix, state).Concat(best is null ? [] : Prefixed(BestPrefix, best)));
        using var claims = StateClaims.Take(changed: null, read: all);
        var (header, order) = SafetensorsHeader.Of(
            all,
            [
                new("sha256", NoSum),
                new("format", Format),
                new("run", JsonSerializer.Serialize(facts, RunFactsJson.Default.RunFacts)),
                new("identity", JsonSerializer.Serialize(identity, RunIdentityJson.Default.RunIdentity)),
            ]
        );
        using (var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            sum.AppendData(header);
            foreach (var tensor in order)
                tensor.InPieces(piece => sum.AppendData(piece));
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(sum.GetHashAndReset()), header.AsSpan(SumAt));
        }
        try
        {
            AtomicFile.Write(
                path,
                stream =>
                {
                    stream.Write(header);
                    foreach (var tensor in order)
                        tensor.InPieces(piece => stream.Write(piece));
                },
                keep ? Checkpoint.PreviousOf(path) : null
            );
        }
        catch (DataException ex)
        {
            throw new CheckpointException($"checkpoint: {ex.Message}", ex);
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, torn, or no checkpoint.</exception>
    public static (ModelState State, ModelState? Best, RunFacts Facts, RunIdentity Identity) Read(string path)
    {
        try
        {
            using var file = PlainFile.Open(path);
            CheckSum(file, path);
            file.Position = 0;
            var (all, metadata) = Safetensors.ReadAll(file, path);
            try
            {
                if (!metadata.TryGetValue("format", out string? format) || format != Format)
                    throw Torn(path, $"expected the format \"{Format}\", found \"{Excerpt.Of(format ?? "none")}\"");
                var facts = Facts(metadata, "run", RunFactsJson.Default.RunFacts);
                var identity = Facts(metadata, "identity", RunIdentityJson.Default.RunIdentity);
                if (facts.Fault() is { } fault)
                    throw new DataException($"expected facts of a run, found {fault}");
                if (identity.Step.Contains(null) || identity.Evaluate.Contains(null) || identity.Facts.Contains(null))
                    throw new DataException("expected what its run computes, found null");
                var best = Part(all, BestPrefix);
                return (new(Part(all, StatePrefix)), best.Count > 0 ? new(best) : null, facts, identity);
            }
            catch
            {
                all.Dispose();
                throw;
            }
        }
        catch (Exception ex) when (ex is DataException || FilePlace.IsOfFiles(ex))
        {
            throw Torn(path, ex.Message.TrimEnd('.'), ex);
        }
    }

    /// <summary>Tells whether a file is a whole checkpoint, without reading its tensors.</summary>
    public static bool IsWhole(string path)
    {
        try
        {
            using var file = PlainFile.Open(path);
            CheckSum(file, path);
            file.Position = 0;
            return SafetensorsHeader.Read(file, path).Metadata.TryGetValue("format", out string? format) && format == Format;
        }
        catch (Exception ex) when (ex is DataException or CheckpointException || FilePlace.IsOfFiles(ex))
        {
            return false;
        }
    }

    static T Facts<T>(IReadOnlyDictionary<string, string> metadata, string name, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return metadata.TryGetValue(name, out string? text)
                ? JsonSerializer.Deserialize(text, type) ?? throw new DataException($"expected \"{name}\", found null")
                : throw new DataException($"expected \"{name}\" among its texts, found none");
        }
        catch (Exception ex)
            when (ex is JsonException or NotSupportedException or InvalidOperationException or ArgumentException or OverflowException)
        {
            throw new DataException($"expected facts as JSON under \"{name}\", found: {Excerpt.Of(ex.Message, 200)}", ex);
        }
    }

    static void CheckSum(FileStream file, string path)
    {
        byte[] start = new byte[SumAt + NoSum.Length];
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read < start.Length || !start.AsSpan(sizeof(long)).StartsWith(BeforeSum))
            throw Torn(path, "expected a checksum at its beginning, found none");
        string said = Encoding.ASCII.GetString(start, SumAt, NoSum.Length);
        Encoding.ASCII.GetBytes(NoSum, start.AsSpan(SumAt));
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sum.AppendData(start);
        byte[] chunk = new byte[1 << 16];
        while ((read = file.Read(chunk)) > 0)
            sum.AppendData(chunk, 0, read);
        string found = Convert.ToHexStringLower(sum.GetHashAndReset());
        if (said != found)
            throw Torn(
                path,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"expected the checksum {said[..8]}..., found {found[..8]}... of {file.Length} bytes"
                )
            );
    }

    static IEnumerable<KeyValuePair<string, Tensor>> Prefixed(string prefix, ModelState state) =>
        state.Names.Select(name => KeyValuePair.Create(prefix + name, state[name]));

    static List<KeyValuePair<string, Tensor>> Part(ModelState all, string prefix) =>
        [
            .. all
                .Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(name => KeyValuePair.Create(name[prefix.Length..], all[name])),
        ];

    static CheckpointException Torn(string path, string facts, Exception? inner = null)
    {
        string message = $"checkpoint: {path} must be whole; {facts}. Delete it to go on from the one before.";
        return inner is null ? new(message) : new(message, inner);
    }
}
