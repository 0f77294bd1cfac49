using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace Cv.Runtime;

/// <summary>
/// Reads a data file from front to back, unpacking gzip when its content says so, and counts the offset, so that every error names file,
/// offset, what was expected and what was found.
/// </summary>
sealed class ByteSource : IDisposable
{
    readonly string _name;
    readonly Stream _raw;
    readonly Stream _bytes;
    readonly uint _unpackedLength;

    /// <summary>Takes a stream that can seek, from where it stands to its end, and disposes it in the end.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="name">Names it in messages.</param>
    /// <param name="budget">The most bytes that a packed one may unpack to; see <see cref="Budget"/>.</param>
    /// <exception cref="DataException">It cannot be read, does not unpack, or unpacks to more than its budget.</exception>
    public ByteSource(Stream stream, string name, long? budget = null)
    {
        _name = name;
        _bytes = _raw = stream;
        try
        {
            long start = stream.Position;
            long length = stream.Length - start;
            Span<byte> magic = stackalloc byte[2];
            IsPacked = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1F, 0x8B];
            MostBytes = length;
            if (IsPacked)
            {
                Span<byte> trailer = stackalloc byte[4];
                stream.Position = start + Math.Max(0, length - 4);
                stream.ReadExactly(trailer[..(int)Math.Min(4, length)]);
                _unpackedLength = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
                // nobody knows how much packed bytes make, whatever the headers say: they are counted before memory is taken
                stream.Position = start;
                MostBytes = Count(Budget.Of(budget, length));
                _bytes = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true);
            }
            stream.Position = start;
        }
        catch (Exception ex)
        {
            stream.Dispose();
            if (ex is not DataException && FilePlace.IsOfFiles(ex))
                throw Error(Offset, "a readable file", ex.Message, "Check the disk.", ex);
            throw;
        }
    }

    /// <summary>Tells whether the file is gzip; offsets count unpacked bytes then.</summary>
    public bool IsPacked { get; }

    /// <summary>Counts the bytes the file holds, unpacked, so that a header cannot ask for more memory than the file fills.</summary>
    public long MostBytes { get; }

    /// <summary>Counts the bytes read.</summary>
    public long Offset { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="DataException">The file is missing or cannot be opened, does not unpack, or unpacks to more than its budget.</exception>
    public static ByteSource Open(string path, long? budget = null) =>
        new(PlainFile.Open(path, "Check the folder, or fetch the data first."), path, budget);

    /// <summary>Fills the span with the next bytes.</summary>
    /// <exception cref="DataException">The file ends too early, or is damaged.</exception>
    public void Read(Span<byte> target, string what)
    {
        int read = ReadUpTo(target);
        if (read < target.Length)
            throw Error(
                Offset,
                $"{Number(target.Length - read)} more bytes of {what}",
                "the end of the file",
                "The file is truncated; fetch it again."
            );
    }

    /// <summary>Reads a number of four bytes, the highest first.</summary>
    public uint ReadUInt32(string what)
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(bytes, what);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    /// <summary>Makes sure that nothing is left, and that a gzip file has its trailer.</summary>
    /// <exception cref="DataException">There is more, or the file is damaged.</exception>
    public void ExpectEnd()
    {
        long end = Offset;
        Span<byte> next = stackalloc byte[1];
        if (ReadUpTo(next) != 0)
            throw Error(
                end,
                "the end of the file",
                $"{Number(MostBytes - end)} more bytes",
                "The file is too long for its header; fetch it again."
            );
        // GZipStream takes a file without its last bytes, or with a stranger's after them, for a whole one
        if (IsPacked && _unpackedLength != (uint)end)
            throw Error(
                end,
                $"a gzip trailer that counts {Number((uint)end)} bytes",
                $"one that counts {Number(_unpackedLength)}",
                "The file is truncated or has bytes added; fetch it again."
            );
    }

    /// <summary>Makes the error of something that is not as it should be.</summary>
    public DataException Error(long offset, string expected, string found, string fix, Exception? inner = null)
    {
        string place = $"{_name}: at offset {Number(offset)}{(IsPacked ? " of the unpacked data" : "")}";
        string message = $"{place}: expected {expected}, found {found}. {fix}";
        return inner is null ? new(message) : new(message, inner);
    }

    public void Dispose()
    {
        _bytes.Dispose();
        _raw.Dispose();
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    long Count(Budget budget)
    {
        using var unpacked = new GZipStream(_raw, CompressionMode.Decompress, leaveOpen: true);
        byte[] chunk = new byte[1 << 16];
        long count = 0;
        try
        {
            while (unpacked.Read(chunk) is > 0 and var read)
                if ((count += read) > budget.Left)
                    throw Error(budget.Left, budget.Expected, "more", "Raise the budget if the file is meant to hold as much.");
        }
        catch (InvalidDataException ex)
        {
            throw Error(count, "gzip data", "bytes that do not unpack", "The file is damaged; fetch it again.", ex);
        }
        return count;
    }

    int ReadUpTo(Span<byte> target)
    {
        try
        {
            int read = _bytes.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
            Offset += read;
            return read;
        }
        catch (InvalidDataException ex)
        {
            throw Error(Offset, "gzip data", "bytes that do not unpack", "The file is damaged; fetch it again.", ex);
        }
        catch (IOException ex)
        {
            throw Error(Offset, "a readable file", ex.Message, "Check the disk.", ex);
        }
    }
}
