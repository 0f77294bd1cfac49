using System.Buffers.Binary;
using System.IO.Compression;

namespace Cv.Reporting;

/// <summary>Writes images as PNG (W3C, "Portable Network Graphics", third edition): 8 bits a channel, grey or RGB, rows as they are.</summary>
public static class Png
{
    const byte Grey = 0,
        Rgb = 2;

    static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    static readonly uint[] Crc = [.. Enumerable.Range(0, 256).Select(n => Remainder((uint)n))];

    /// <summary>Writes an image: bytes row-major, height x width x channels, with 1 channel (grey) or 3 (red, green, blue).</summary>
    /// <exception cref="ArgumentException">There is another number of channels or bytes, or an extent is not positive.</exception>
    /// <example><code>byte[] png = Png.Write(28, 28, 1, train.Image(0));</code></example>
    public static byte[] Write(int height, int width, int channels, ReadOnlySpan<byte> pixels)
    {
        if (channels is not (1 or 3) || height <= 0 || width <= 0 || pixels.Length != (long)height * width * channels)
            throw new ArgumentException(
                $"png: an image must be height x width x 1 or 3 bytes; got {pixels.Length} bytes for {height} x {width} x {channels}. Show one channel, or three.",
                nameof(pixels)
            );
        using var png = new MemoryStream();
        png.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9]) = (8, channels == 1 ? Grey : Rgb); // bits, colour type; the rest is 0: the only methods there are, no interlacing
        Chunk(png, "IHDR"u8, header);
        Chunk(png, "IDAT"u8, Compressed(height, width * channels, pixels));
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>Writes an image as the address of an img element: data:image/png;base64,...</summary>
    /// <exception cref="ArgumentException">There is another number of channels or bytes, or an extent is not positive.</exception>
    /// <example><code>var img = Markup.Of($"&lt;img alt=\"\" src=\"{Png.Uri(28, 28, 1, train.Image(0))}\"&gt;");</code></example>
    public static string Uri(int height, int width, int channels, ReadOnlySpan<byte> pixels) =>
        "data:image/png;base64," + Convert.ToBase64String(Write(height, width, channels, pixels));

    static byte[] Compressed(int height, int stride, ReadOnlySpan<byte> pixels)
    {
        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.SmallestSize))
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0); // each row begins with its filter: none
                zlib.Write(pixels.Slice(y * stride, stride));
            }
        return data.ToArray();
    }

    static void Chunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Update(Update(uint.MaxValue, type), data));
        png.Write(number);
    }

    static uint Update(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
            crc = Crc[(byte)(crc ^ b)] ^ (crc >> 8);
        return crc;
    }

    // the polynomial of ISO 3309, its bits reversed
    static uint Remainder(uint n)
    {
        for (int bit = 0; bit < 8; bit++)
            n = (n & 1) == 0 ? n >> 1 : 0xEDB88320 ^ (n >> 1);
        return n;
    }
}
