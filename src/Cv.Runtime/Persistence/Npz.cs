using System.Globalization;
using System.IO.Compression;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Writes and reads tensors by name as NumPy's .npz: a ZIP archive of one .npy file for each, as <c>numpy.savez</c> writes and <c>numpy.load</c> reads.
/// </summary>
/// <remarks>
/// numpy.lib.format describes .npy, versions 1.0 to 3.0. Read are also packed archives (<c>savez_compressed</c>), column-major arrays, the other byte order,
/// f2 as f32, and integers of other sizes as i32, if each of them fits. Objects and records are refused: reading them would run code.
/// </remarks>
/// <example><code>
/// Npz.Write("net.npz", state);               // Python: numpy.load("net.npz")["dense1.w"]
/// using var again = Npz.Read("net.npz");
/// </code></example>
public static class Npz
{
    const string Extension = ".npy";

    // deflate packs at most 258 bytes into two bits
    const long MaximumRatio = 1032;

    // the first date that a ZIP archive can hold: the same tensors are the same bytes
    static readonly DateTimeOffset Date = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes a state's tensors; a file of the name is replaced at once, by the whole new one.</summary>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Write(string path, ModelState state) => AtomicFile.Write(path, stream => Write(stream, state));

    /// <summary>Writes a state's tensors to a stream, which stays open.</summary>
    public static void Write(Stream stream, ModelState state)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(state);
        using var claims = StateClaims.Take(changed: null, read: state);
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (string name in state.Names)
        {
            var entry = archive.CreateEntry(name + Extension, CompressionLevel.NoCompression);
            entry.LastWriteTime = Date;
            using var file = entry.Open();
            file.Write(NpyHeader.Of(state[name].Type));
            state[name].InPieces(piece => file.Write(piece));
        }
    }

    /// <summary>Reads every array of a file, under its name and in its order.</summary>
    /// <exception cref="DataException">The file is missing, or not as the format says.</exception>
    public static ModelState Read(string path)
    {
        using var file = AtomicFile.Open(path);
        return Read(file, path);
    }

    /// <summary>Reads every array of a stream that can seek.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="name">Names the stream in messages.</param>
    /// <exception cref="DataException">The stream is not as the format says.</exception>
    public static ModelState Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            foreach (var entry in archive.Entries)
            {
                if (!entry.FullName.EndsWith(Extension, StringComparison.Ordinal))
                    throw Error(name, "files named .npy", $"\"{entry.FullName}\"");
                string id = entry.FullName[..^Extension.Length];
                if (tensors.ContainsKey(id))
                    throw Error(name, "each name once", $"\"{id}\" twice");
                tensors.Add(id, Read(entry, (expected, found) => Error(name, $"\"{id}\" to have {expected}", found)));
            }
            return new(tensors);
        }
        catch (Exception ex)
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            // what the framework's reader of archives says of damaged ones
            if (ex is InvalidDataException or IOException or NotSupportedException or ArgumentException)
                throw Error(name, "a ZIP archive", ex.Message, ex);
            throw;
        }
    }

    static Tensor Read(ZipArchiveEntry entry, Func<string, string, DataException> error)
    {
        if (entry.IsEncrypted)
            throw error("no password", "one");
        using var file = new Crc32Stream(entry.Open());
        var (type, columnMajor, dims) = NpyHeader.Read(file, error);
        // before memory is taken: the archive says how much it unpacks to, and may say too much
        if (entry.Length > entry.CompressedLength * MaximumRatio)
            throw error($"at most {entry.CompressedLength * MaximumRatio} bytes", $"{entry.Length}");
        if (!StoredType.TryCount([.. dims], out int count) || (long)count * type.Bytes > entry.Length)
            throw error($"a shape that its {entry.Length} bytes can fill", $"({string.Join(", ", dims)})");
        int[] extents = [.. dims.Select(d => (int)d)];
        var stored = type.Read(file, Shape.Of(columnMajor ? extents.Reverse() : extents), error);
        try
        {
            if (file.ReadByte() >= 0)
                throw error("nothing after its elements", "more bytes");
            if (file.Sum != entry.Crc32)
                throw error($"the checksum {Hex(entry.Crc32)}", Hex(file.Sum));
            return columnMajor ? RowMajor(stored, extents) : stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    static Tensor RowMajor(Tensor stored, int[] extents)
    {
        var result = Tensor.Uninitialised(Shape.Of(extents), stored.DType);
        switch (stored.DType)
        {
            case DType.F32:
                Turn<float>(stored, result, extents);
                break;
            case DType.F64:
                Turn<double>(stored, result, extents);
                break;
            case DType.I32:
                Turn<int>(stored, result, extents);
                break;
            default:
                Turn<bool>(stored, result, extents);
                break;
        }
        stored.Dispose();
        return result;
    }

    static void Turn<T>(Tensor columnMajor, Tensor rowMajor, int[] extents)
        where T : unmanaged
    {
        var from = columnMajor.AsSpan<T>();
        var to = rowMajor.AsSpan<T>();
        int[] place = new int[extents.Length];
        for (int i = 0; i < to.Length; i++)
        {
            int at = 0;
            for (int axis = extents.Length - 1; axis >= 0; axis--)
                at = at * extents[axis] + place[axis];
            to[i] = from[at];
            for (int axis = extents.Length - 1; axis >= 0 && ++place[axis] == extents[axis]; axis--)
                place[axis] = 0;
        }
    }

    static DataException Error(string name, string expected, string found, Exception? inner = null)
    {
        string message = $"{name}: expected {expected}, found {found}. The file is damaged, or not an archive of arrays; write it again.";
        return inner is null ? new(message) : new(message, inner);
    }

    static string Hex(uint sum) => sum.ToString("X8", CultureInfo.InvariantCulture);
}
