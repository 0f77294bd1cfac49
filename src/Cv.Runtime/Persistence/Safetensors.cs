using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>
/// Writes and reads tensors by name in the safetensors format, which PyTorch, JAX, NumPy and others read: a header of JSON, then the elements, row-major,
/// the lowest byte first.
/// </summary>
/// <remarks>
/// The format of github.com/huggingface/safetensors, as strict as its reference: no gap, no overlap, no name twice, nothing left over. Read are also F16 and
/// BF16, as f32, and integers of other sizes, as i32, if each of them fits.
/// </remarks>
/// <example><code>
/// Safetensors.Write("net.safetensors", state);
/// using var again = Safetensors.Read("net.safetensors");   // the same names, in the same order, and the same bits
/// </code></example>
public static class Safetensors
{
    /// <summary>Writes a state's tensors; a file of the name is replaced at once, by the whole new one.</summary>
    /// <param name="path">The file, usually named ".safetensors".</param>
    /// <param name="state">The tensors.</param>
    /// <param name="metadata">Texts that the file keeps beside them.</param>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Write(string path, ModelState state, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, state, metadata));

    /// <summary>Writes a state's tensors to a stream, which stays open.</summary>
    /// <inheritdoc cref="Write(string, ModelState, IReadOnlyDictionary{string, string})"/>
    public static void Write(Stream stream, ModelState state, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(state);
        using var claims = StateClaims.Take(changed: null, read: state);
        var (header, order) = SafetensorsHeader.Of(state, metadata ?? ImmutableDictionary<string, string>.Empty);
        stream.Write(header);
        foreach (var tensor in order)
            tensor.InPieces(piece => stream.Write(piece));
    }

    /// <summary>Reads every tensor of a file, under the names and in the order of its header.</summary>
    /// <exception cref="DataException">The file is missing, or not as the format says.</exception>
    public static ModelState Read(string path)
    {
        using var file = PlainFile.Open(path);
        return Read(file, path);
    }

    /// <summary>Reads every tensor of a stream that can seek, from where it stands to its end.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="name">Names the stream in messages.</param>
    /// <exception cref="DataException">The stream is not as the format says.</exception>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static ModelState Read(Stream stream, string name) => ReadAll(stream, name).State;

    /// <summary>Reads the texts that a file keeps beside its tensors.</summary>
    /// <exception cref="DataException">The file is missing, or not as the format says.</exception>
    public static IReadOnlyDictionary<string, string> ReadMetadata(string path)
    {
        using var file = PlainFile.Open(path);
        try
        {
            return SafetensorsHeader.Read(file, path).Metadata;
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            throw new DataException($"{path}: expected a readable file, found: {ex.Message} Check the disk.", ex);
        }
    }

    internal static (ModelState State, IReadOnlyDictionary<string, string> Metadata) ReadAll(Stream stream, string name)
    {
        PlainFile.ExpectSeekable(stream);
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            var header = SafetensorsHeader.Read(stream, name);
            foreach (var entry in header.Tensors.OrderBy(e => e.Begin).ThenBy(e => e.End))
            {
                long at = stream.Position;
                tensors[entry.Name] = entry.Type.Read(
                    stream,
                    entry.Shape,
                    (expected, found) => SafetensorsHeader.Error(name, at, $"\"{Excerpt.Of(entry.Name)}\" to have {expected}", found)
                );
            }
            return (new(header.Tensors.Select(e => KeyValuePair.Create(e.Name, tensors[e.Name]))), header.Metadata);
        }
        catch (Exception ex)
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            if (FilePlace.IsOfFiles(ex))
                throw new DataException($"{name}: expected a readable file, found: {ex.Message} Check the disk.", ex);
            throw;
        }
    }
}
