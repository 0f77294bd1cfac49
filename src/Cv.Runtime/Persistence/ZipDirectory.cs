using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Cv.Runtime;

/// <summary>Is one file of an archive: where its bytes stand, and what the archive says of them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsPacked">Whether it is deflated; stored as it is, if not.</param>
/// <param name="Crc32">The checksum of its bytes.</param>
/// <param name="PackedBytes">The bytes in the archive.</param>
/// <param name="Bytes">The bytes that they unpack to, as the archive says.</param>
/// <param name="HeaderAt">Where its own header begins.</param>
/// <param name="At">Where its bytes begin.</param>
sealed record ZipEntry(string Name, bool IsPacked, uint Crc32, long PackedBytes, long Bytes, long HeaderAt, long At);

/// <summary>
/// Reads the directory of a ZIP archive (PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3), and holds it to each file's own header: both say the same name, method, sizes and
/// checksum, no two files share bytes, and nothing reaches into the directory. A reader that believes the directory and one that believes the headers then read the same.
/// </summary>
sealed class ZipDirectory(Stream stream, Func<string, string, DataException> error)
{
    const uint FileSignature = 0x04034b50,
        EntrySignature = 0x02014b50,
        EndSignature = 0x06054b50,
        End64Signature = 0x06064b50,
        Locator64Signature = 0x07064b50;

    const int FileBytes = 30,
        EntryBytes = 46,
        EndBytes = 22,
        End64Bytes = 56,
        Locator64Bytes = 20;

    const ushort Encrypted = 1,
        SizesFollow = 8,
        Utf8 = 1 << 11;

    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    readonly long _start = stream.Position;
    readonly long _length = stream.Length - stream.Position;

    /// <summary>Reads the files in the order of the directory.</summary>
    /// <exception cref="DataException">The archive is not as the format says.</exception>
    public ImmutableArray<ZipEntry> Read()
    {
        var (count, at, end) = End();
        byte[] directory = Bytes(at, end - at, "the directory");
        var entries = ImmutableArray.CreateBuilder<ZipEntry>();
        int place = 0;
        for (long i = 0; i < count; i++)
            entries.Add(Entry(directory, ref place, at));
        if (place != directory.Length)
            throw error($"a directory of {count} files", $"{directory.Length - place} bytes more");
        long free = 0;
        foreach (var entry in entries.OrderBy(e => e.HeaderAt))
        {
            if (entry.HeaderAt < free)
                throw error("files that share no bytes", $"\"{Excerpt.Of(entry.Name)}\" inside of the one before it");
            free = entry.At + entry.PackedBytes;
        }
        return free <= at ? entries.ToImmutable() : throw error("files before the directory", "one that reaches into it");
    }

    /// <summary>Finds the directory: how many files it names, where it begins, where it ends.</summary>
    (long Count, long At, long End) End()
    {
        int tail = (int)Math.Min(_length, EndBytes + ushort.MaxValue);
        byte[] bytes = Bytes(_length - tail, tail, "the end of an archive");
        for (int i = tail - EndBytes; i >= 0; i--)
        {
            var found = bytes.AsSpan(i);
            // behind it stands a comment, and then nothing
            if (U32(found, 0) != EndSignature || U16(found, 20) != found.Length - EndBytes)
                continue;
            long endAt = _length - tail + i;
            var (disks, count, size, at) = (
                U16(found, 4) | U16(found, 6),
                (long)U16(found, 10),
                (long)U32(found, 12),
                (long)U32(found, 16)
            );
            long end = endAt;
            if (count == ushort.MaxValue || size == uint.MaxValue || at == uint.MaxValue)
                (disks, count, size, at, end) = End64(endAt);
            if (disks != 0)
                throw error("an archive in one piece", "one in several");
            if (at < 0 || size < 0 || at > end || size != end - at || count < 0 || count > size / EntryBytes)
                throw error(
                    "a directory right before the end of the archive",
                    $"one of {count} files and {size} bytes at {at}, which should end at {end}"
                );
            return (count, at, end);
        }
        throw error("a ZIP archive", _length == 0 ? "nothing" : "no end of one");
    }

    (int Disks, long Count, long Size, long At, long End) End64(long endAt)
    {
        if (endAt < Locator64Bytes)
            throw error("the end of a large archive", "the beginning of the file");
        byte[] locator = Bytes(endAt - Locator64Bytes, Locator64Bytes, "the place of the end");
        long at = I64(locator, 8);
        if (U32(locator, 0) != Locator64Signature || at < 0 || at > endAt - Locator64Bytes - End64Bytes)
            throw error("the end of a large archive", "none");
        byte[] end = Bytes(at, End64Bytes, "the end of a large archive");
        return U32(end, 0) == End64Signature
            ? ((int)(U32(end, 16) | U32(end, 20)), I64(end, 32), I64(end, 40), I64(end, 48), at)
            : throw error("the end of a large archive", "other bytes");
    }

    ZipEntry Entry(byte[] directory, ref int place, long directoryAt)
    {
        var all = directory.AsSpan(place);
        if (all.Length < EntryBytes || U32(all, 0) != EntrySignature)
            throw error("an entry of the directory", "other bytes");
        int flags = U16(all, 8),
            method = U16(all, 10),
            nameBytes = U16(all, 28),
            extraBytes = U16(all, 30),
            entryBytes = EntryBytes + nameBytes + extraBytes + U16(all, 32);
        if (entryBytes > all.Length)
            throw error("an entry of the directory", "its end before the end of the entry");
        place += entryBytes;
        var nameOf = all.Slice(EntryBytes, nameBytes);
        string name = Name(nameOf);
        long packed = U32(all, 20),
            size = U32(all, 24),
            at = U32(all, 42);
        Widen(all.Slice(EntryBytes + nameBytes, extraBytes), name, ref size, ref packed, ref at);
        if ((flags & Encrypted) != 0)
            throw error($"\"{Excerpt.Of(name)}\" without a password", "one with a password");
        if (method is not (0 or 8))
            throw error($"\"{Excerpt.Of(name)}\" stored or deflated", $"method {method}");
        if (at < 0 || packed < 0 || size < 0 || at > directoryAt - FileBytes || (method == 0 && packed != size))
            throw error($"\"{Excerpt.Of(name)}\" inside of the archive", $"{size} bytes, packed {packed}, at {at}");

        byte[] header = Bytes(at, FileBytes, "a file's header");
        if (U32(header, 0) != FileSignature)
            throw error($"\"{Excerpt.Of(name)}\" to have a header", "other bytes");
        int headerFlags = U16(header, 6);
        byte[] rest = Bytes(at + FileBytes, U16(header, 26) + U16(header, 28), "a file's header");
        var nameHere = rest.AsSpan(0, U16(header, 26));
        if (!nameHere.SequenceEqual(nameOf) || (flags & Utf8) != (headerFlags & Utf8))
            throw error(
                $"\"{Excerpt.Of(name)}\" to be named so in its own header too",
                $"\"{Excerpt.Of(Encoding.UTF8.GetString(nameHere))}\""
            );
        long packedHere = U32(header, 18),
            sizeHere = U32(header, 22),
            none = 0;
        Widen(rest.AsSpan(nameHere.Length), name, ref sizeHere, ref packedHere, ref none);
        // a writer that could not go back has said zero, and the truth behind the file
        bool follows = (headerFlags & SizesFollow) != 0;
        if (
            U16(header, 8) != method
            || (headerFlags & Encrypted) != 0
            || (!follows && (U32(header, 14) != U32(all, 16) || packedHere != packed || sizeHere != size))
        )
            throw error($"\"{Excerpt.Of(name)}\" to have one method, size and checksum in both headers", "others in its own");
        return new(name, method == 8, U32(all, 16), packed, size, at, at + FileBytes + rest.Length);
    }

    /// <summary>Takes the numbers that are too large for 32 bits from the extra field that has them.</summary>
    void Widen(ReadOnlySpan<byte> extra, string name, ref long size, ref long packed, ref long at)
    {
        while (extra.Length >= 4)
        {
            int kind = U16(extra, 0),
                length = U16(extra, 2);
            if (length > extra.Length - 4)
                break;
            var field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (kind != 1)
                continue;
            Take(ref field, ref size);
            Take(ref field, ref packed);
            Take(ref field, ref at);
        }
        // alignment is padded with zeros, which are no field
        if (extra.ContainsAnyExcept((byte)0))
            throw error($"\"{Excerpt.Of(name)}\" to have extra fields", "bytes that are none");

        static void Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != uint.MaxValue || field.Length < sizeof(long))
                return;
            value = I64(field, 0);
            field = field[sizeof(long)..];
        }
    }

    string Name(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw error("names in UTF-8", Excerpt.Of(Convert.ToHexString(bytes)));
        }
    }

    byte[] Bytes(long at, long count, string what)
    {
        if (at < 0 || count < 0 || at > _length || count > _length - at || count > Array.MaxLength)
            throw error($"{count} bytes of {what} at {at}", $"a file of {_length}");
        byte[] bytes = new byte[count];
        stream.Position = _start + at;
        stream.ReadExactly(bytes);
        return bytes;
    }

    static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
