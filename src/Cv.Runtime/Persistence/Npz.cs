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
    /// <param name="path">The file.</param>
    /// <param name="budget">
    /// The most bytes that packed arrays may take when they are unpacked; 64 MiB or 16 times the file's length, whichever is more, unless given. What is not packed has no bound but
    /// the file's length.
    /// </param>
    /// <exception cref="DataException">The file is missing, not as the format says, or over its budget.</exception>
    public static ModelState Read(string path, long? budget = null)
    {
        using var file = PlainFile.Open(path);
        return Read(file, path, budget);
    }

    /// <summary>Reads every array of a stream that can seek, from where it stands to its end.</summary>
    /// <param name="stream">The stream, which stays open.</param>
    /// <param name="name">Names the stream in messages.</param>
    /// <inheritdoc cref="Read(string, long?)"/>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    public static ModelState Read(Stream stream, string name, long? budget = null)
    {
        PlainFile.ExpectSeekable(stream);
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            var left = Budget.Of(budget, stream.Length - stream.Position);
            long start = stream.Position;
            foreach (var entry in new ZipDirectory(stream, (expected, found) => Error(name, expected, found)).Read())
            {
                if (!entry.Name.EndsWith(Extension, StringComparison.Ordinal))
                    throw Error(name, "files named .npy", $"\"{Excerpt.Of(entry.Name)}\"");
                string id = entry.Name[..^Extension.Length];
                if (tensors.ContainsKey(id))
                    throw Error(name, "each name once", $"\"{Excerpt.Of(id)}\" twice");
                tensors.Add(
                    id,
                    Read(stream, start, entry, left, (expected, found) => Error(name, $"\"{Excerpt.Of(id)}\" to have {expected}", found))
                );
            }
            return new(tensors);
        }
        catch (Exception ex)
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            if (ex is InvalidDataException || FilePlace.IsOfFiles(ex))
                throw Error(name, "a ZIP archive", ex.Message, ex);
            throw;
        }
    }

    static Tensor Read(Stream archive, long start, ZipEntry entry, Budget budget, Func<string, string, DataException> error)
    {
        if (entry.IsPacked)
        {
            // nobody knows how much deflated bytes make, whatever the archive says: they are counted before memory is taken
            if (entry.Bytes > budget.Left)
                throw error(budget.Expected, $"{Number(entry.Bytes)} more");
            using var counted = Open();
            long bytes = Count(counted, entry.Bytes);
            if (bytes != entry.Bytes)
                throw error($"{Number(entry.Bytes)} bytes, as the archive says", bytes < entry.Bytes ? Number(bytes) : "more");
            Check(counted);
        }
        using var file = Open();
        var (type, columnMajor, dims) = NpyHeader.Read(file, error);
        if (!StoredType.TryCount([.. dims], out int count) || (long)count * type.Bytes > entry.Bytes)
            throw error(
                $"a shape that its {Number(entry.Bytes)} bytes can fill",
                Excerpt.Of($"({string.Join(", ", dims.Select(Number))})")
            );
        if (entry.IsPacked && !budget.TryTake(Math.Max(entry.Bytes, (long)count * type.DType.ByteSize())))
            throw error(budget.Expected, "more");
        int[] extents = [.. dims.Select(d => (int)d)];
        var stored = type.Read(file, Shape.Of(columnMajor ? extents.Reverse() : extents), error);
        try
        {
            if (file.ReadByte() >= 0)
                throw error("nothing after its elements", "more bytes");
            Check(file);
            return columnMajor ? RowMajor(stored, extents) : stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }

        Crc32Stream Open()
        {
            var part = new PartStream(archive, start + entry.At, entry.PackedBytes);
            return new(entry.IsPacked ? new DeflateStream(part, CompressionMode.Decompress) : part);
        }

        void Check(Crc32Stream read)
        {
            if (read.Sum != entry.Crc32)
                throw error($"the checksum {Hex(entry.Crc32)}", Hex(read.Sum));
        }
    }

    /// <summary>Counts the bytes of a stream, but no more than one past the most.</summary>
    static long Count(Stream stream, long most)
    {
        byte[] chunk = new byte[1 << 16];
        long count = 0;
        while (count <= most && stream.Read(chunk) is > 0 and var read)
            count += read;
        return count;
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

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    static string Hex(uint sum) => sum.ToString("X8", CultureInfo.InvariantCulture);
}
