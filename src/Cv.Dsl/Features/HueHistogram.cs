namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Describes images by a histogram of their hues: the part of the pixels whose hue, a place on the circle of colours from red over green and blue back to red, lies in each
    /// of so many equal ranges. [N, H, W, 3] becomes [N, bins]; each row sums to 1.
    /// </summary>
    /// <param name="images">The images, red, green and blue, f32 or f64, from 0 up: before a mean is subtracted. Their range makes no difference.</param>
    /// <param name="bins">The number of ranges, at least 1.</param>
    /// <remarks>
    /// CS231n's assignment 1, which takes 10 ranges of the hue of the HSV colours (Smith, "Color Gamut Transform Pairs", 1978). As there, grey pixels, which have no hue, count
    /// as red.
    /// </remarks>
    /// <example><code>Expr colours = images.HueHistogram(10);   // f32[N,32,32,3] -> f32[N,10]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, 3] of floats.</exception>
    /// <exception cref="GraphException">There is not one bin.</exception>
    public static Expr HueHistogram(this Expr images, int bins = 10)
    {
        const string op = "hue_histogram";
        Draws.Check(op, images);
        if (images.Shape[3].Value != 3)
            throw new ShapeException(
                $"{op}: images must have 3 channels, red, green and blue; got {images.Type}. Grey images have no hues."
            );
        if (bins < 1)
            throw new GraphException($"{op}: there must be at least one bin; got {bins}. 10 is usual.");
        Expr red = images.Slice(3, 0, 1),
            green = images.Slice(3, 1, 1),
            blue = images.Slice(3, 2, 1);
        var most = red.Maximum(green).Maximum(blue);
        var range = most - red.Minimum(green).Minimum(blue);
        // sixths of a turn: red is 0, green 2, blue 4
        var sixths =
            Expr.Select(
                blue.EqualTo(most),
                4.0 * range + (red - green),
                Expr.Select(green.EqualTo(most), 2.0 * range + (blue - red), green - blue)
            ) / Expr.Select(range > 0f, range, range.Like(1));
        var at = Expr.Select(sixths < 0f, sixths + 6.0, sixths) * (bins / 6.0);
        var bin = Expr.Iota([1, 1, 1, bins], 3, images.DType);
        // a hue just below a whole turn may round to one: the last bin takes it too
        var last = bin.EqualTo(bin.Like(bins - 1));
        return ((at >= bin) & ((at < bin + 1.0) | last)).Cast(images.DType).Mean([1, 2]);
    }

    /// <inheritdoc cref="HueHistogram(Expr, int)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="bins">The number of ranges, at least 1.</param>
    public static Model HueHistogram(this Model model, int bins = 10) => model.ThenVerb("huehistogram", x => x.HueHistogram(bins));
}
