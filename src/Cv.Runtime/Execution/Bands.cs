namespace Cv.Runtime;

/// <summary>Copies bands of images for compiled convolutions: rows with zeros around them.</summary>
public static unsafe class Bands
{
    /// <summary>
    /// Fills a band of <paramref name="rows"/> rows, each of <paramref name="left"/> zero bytes, <paramref name="copy"/> bytes of the image and
    /// <paramref name="right"/> zero bytes; rows outside the image are zeros. All counts and lengths are in bytes, but for those of rows.
    /// </summary>
    /// <param name="image">The address of the image's first row, at the first column to copy.</param>
    /// <param name="first">The image's row that the band starts with; may be outside.</param>
    /// <param name="height">The image's rows.</param>
    /// <param name="stride">The bytes from one row of the image to the next.</param>
    /// <param name="left">The zeros before each row.</param>
    /// <param name="copy">The bytes to copy.</param>
    /// <param name="right">The zeros after each row.</param>
    /// <param name="rows">The rows of the band.</param>
    /// <param name="into">The address of the band.</param>
    public static void Fill(long image, long first, long height, long stride, long left, long copy, long right, long rows, long into)
    {
        byte* to = (byte*)into;
        for (long y = first; y < first + rows; y++)
        {
            if ((ulong)y >= (ulong)height)
            {
                Zero(to, left + copy + right);
                to += left + copy + right;
                continue;
            }
            Zero(to, left);
            to += left;
            Buffer.MemoryCopy((byte*)image + y * stride, to, copy, copy);
            to += copy;
            Zero(to, right);
            to += right;
        }
    }

    /// <summary>Spreads the pixels of a band that was filled, the last first, so that <paramref name="gap"/> bytes lie between each two.</summary>
    /// <param name="band">The address of the band.</param>
    /// <param name="pixels">The number of pixels.</param>
    /// <param name="pixel">The bytes of a pixel.</param>
    /// <param name="gap">The bytes to leave after each.</param>
    public static void Spread(long band, long pixels, long pixel, long gap)
    {
        for (long i = pixels - 1; i > 0; i--)
            Buffer.MemoryCopy((byte*)band + i * pixel, (byte*)band + i * (pixel + gap), pixel, pixel);
    }

    /// <summary>Fills a buffer with zeros.</summary>
    public static void Clear(long into, long bytes) => Zero((byte*)into, bytes);

    static void Zero(byte* at, long bytes)
    {
        if (bytes > 0)
            new Span<byte>(at, checked((int)bytes)).Clear();
    }
}
