using System.Buffers.Binary;
using System.Text;

namespace Cv.Fuzz;

/// <summary>Breaks files. The mutant of a number is the same each time, so that a number is all that a failure needs to be seen again.</summary>
/// <param name="format">The kind of file.</param>
/// <param name="seeds">What is broken.</param>
/// <param name="seed">Chooses another million.</param>
public sealed class Mutator(Format format, IReadOnlyList<byte[]> seeds, int seed)
{
    const int MostBytes = 1 << 14;

    static readonly long[] Odd =
    [
        0,
        1,
        -1,
        2,
        3,
        4,
        7,
        8,
        16,
        32,
        64,
        100,
        127,
        128,
        255,
        256,
        1000,
        1024,
        4096,
        32767,
        32768,
        65535,
        65536,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
        1L << 32,
        (1L << 32) - 2,
        1L << 40,
    ];

    /// <summary>Gives the mutant of a number.</summary>
    public byte[] Make(long number)
    {
        var random = new Random(unchecked((int)(number * 2654435761) ^ seed));
        byte[] bytes = [.. seeds[random.Next(seeds.Count)]];
        int changes = 1 << random.Next(4);
        for (int i = 0; i < changes; i++)
            bytes = Change(bytes, random);
        if (bytes.Length > MostBytes)
            bytes = bytes[..MostBytes];
        // half of them pass the checksums, as what someone has made on purpose does
        return random.Next(2) == 0 ? bytes : format.Repair(bytes);
    }

    byte[] Change(byte[] bytes, Random random)
    {
        int at = random.Next(bytes.Length + 1);
        int length = Math.Min(1 << random.Next(8), bytes.Length - at);
        switch (random.Next(12))
        {
            case 0 when at < bytes.Length:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1 when at < bytes.Length:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4:
                return [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
            case 5:
            {
                byte[] other = seeds[random.Next(seeds.Count)];
                return [.. bytes[..at], .. other[random.Next(other.Length + 1)..]];
            }
            case 6:
                return Number(bytes, at, 1 << random.Next(4), random);
            case 7:
                return Digits(bytes, random);
            case 8 when format.Words.Count > 0:
            {
                byte[] word = Encoding.UTF8.GetBytes(format.Words[random.Next(format.Words.Count)]);
                return [.. bytes[..at], .. word, .. bytes[Math.Min(bytes.Length, at + random.Next(2) * word.Length)..]];
            }
            case 9:
            {
                byte[] more = new byte[1 << random.Next(10)];
                random.NextBytes(more);
                return [.. bytes[..at], .. more, .. bytes[at..]];
            }
            case 10 when length > 0:
            {
                int to = random.Next(bytes.Length - length + 1);
                bytes.AsSpan(at, length).CopyTo(bytes.AsSpan(to));
                return bytes;
            }
            case 11 when length > 0:
                bytes.AsSpan(at, length).Fill((byte)Odd[random.Next(Odd.Length)]);
                return bytes;
            default:
                return bytes;
        }
    }

    static byte[] Number(byte[] bytes, int at, int size, Random random)
    {
        if (at + size > bytes.Length)
            return bytes;
        long value = Odd[random.Next(Odd.Length)];
        byte[] eight = new byte[sizeof(long)];
        bool big = random.Next(2) == 0;
        if (big)
            BinaryPrimitives.WriteInt64BigEndian(eight, value);
        else
            BinaryPrimitives.WriteInt64LittleEndian(eight, value);
        eight.AsSpan(big ? sizeof(long) - size : 0, size).CopyTo(bytes.AsSpan(at));
        return bytes;
    }

    /// <summary>Puts another number in the place of one that is written in digits.</summary>
    static byte[] Digits(byte[] bytes, Random random)
    {
        int start = random.Next(bytes.Length + 1);
        int from = bytes.AsSpan(start).IndexOfAnyInRange((byte)'0', (byte)'9');
        if (from < 0)
            return bytes;
        from += start;
        int end = from;
        while (end < bytes.Length && bytes[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        string text = random.Next(4) switch
        {
            0 => "1e999",
            1 => "0.5",
            2 => "null",
            _ => Odd[random.Next(Odd.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        return [.. bytes[..from], .. Encoding.ASCII.GetBytes(text), .. bytes[end..]];
    }
}
