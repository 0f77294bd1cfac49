using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Cv.Runtime;

/// <summary>
/// Writes and reads the file of a checkpoint: safetensors, with the tensors under "state/" and "best/", the facts as JSON among the metadata, and first of
/// all the SHA-256 of the whole file, taken with zeros in its own place.
/// </summary>
static class CheckpointFile
{
    const string Format = "cvdsl checkpoint 1";
    const string StatePrefix = "state/";
    const string BestPrefix = "best/";

    static readonly byte[] BeforeSum = Encoding.ASCII.GetBytes($$"""{"{{SafetensorsHeader.MetadataName}}":{"sha256":" """.TrimEnd());
    static readonly int SumAt = sizeof(long) + BeforeSum.Length;
    static readonly string NoSum = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>Writes the file, and keeps the one before under another name.</summary>
    /// <exception cref="CheckpointException">The file cannot be written.</exception>
    public static void Write(string path, ModelState state, ModelState? best, RunFacts facts)
    {
        // the tensors stay whose they are: this state is only their names
        var all = new ModelState(Prefixed(StatePrefix, state).Concat(best is null ? [] : Prefixed(BestPrefix, best)));
        using var claims = StateClaims.Take(changed: null, read: all);
        var (header, order) = SafetensorsHeader.Of(
            all,
            [new("sha256", NoSum), new("format", Format), new("run", JsonSerializer.Serialize(facts, RunFactsJson.Default.RunFacts))]
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
                Checkpoint.PreviousOf(path)
            );
        }
        catch (DataException ex)
        {
            throw new CheckpointException($"checkpoint: {ex.Message}", ex);
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, torn, or no checkpoint.</exception>
    public static (ModelState State, ModelState? Best, RunFacts Facts) Read(string path)
    {
        try
        {
            using var file = AtomicFile.Open(path);
            CheckSum(file, path);
            file.Position = 0;
            var (all, metadata) = Safetensors.ReadAll(file, path);
            try
            {
                if (!metadata.TryGetValue("format", out string? format) || format != Format)
                    throw Torn(path, $"expected the format \"{Format}\", found \"{format}\"");
                var facts = JsonSerializer.Deserialize(metadata["run"], RunFactsJson.Default.RunFacts)!;
                var best = Part(all, BestPrefix);
                return (new(Part(all, StatePrefix)), best.Count > 0 ? new(best) : null, facts);
            }
            catch
            {
                all.Dispose();
                throw;
            }
        }
        catch (Exception ex) when (ex is DataException or JsonException or KeyNotFoundException or IOException)
        {
            throw Torn(path, ex.Message, ex);
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
