using Cv.Dsl;

namespace Cv.Reporting;

/// <summary>Turns numbers into pictures.</summary>
static class Pictures
{
    /// <summary>Tells whether an array of this shape can be seen as a picture: [height, width, 1 or 3].</summary>
    public static bool IsImage(Shape shape) => shape is { Rank: 3, IsKnown: true } && shape[2].Value is 1 or 3;

    /// <summary>Stretches numbers to bytes, from the smallest, black, to the largest, white; all grey if they are equal.</summary>
    public static byte[] Stretch(IReadOnlyCollection<float> values)
    {
        var finite = values.Where(float.IsFinite).ToArray();
        float low = finite.DefaultIfEmpty().Min(),
            high = finite.DefaultIfEmpty().Max();
        return
        [
            .. values.Select(v =>
                !float.IsFinite(v) || high <= low ? (byte)127 : (byte)Math.Round(255 * ((double)v - low) / ((double)high - low))
            ),
        ];
    }

    /// <summary>Writes a picture with what stands below it.</summary>
    public static Markup Figure(Shape image, ReadOnlySpan<byte> bytes, string alt, Markup below)
    {
        string uri = Png.Uri(image[0].Value, image[1].Value, image[2].Value, bytes);
        return Markup.Of(
            $"<figure><img alt=\"{alt}\" width=\"{image[1].Value}\" height=\"{image[0].Value}\" src=\"{uri}\"><figcaption>{below}</figcaption></figure>\n"
        );
    }
}
