namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Shifts each image in training by up to so many pixels, up or down and left or right, each distance equally likely: a crop, at a random place, of the image with
    /// as many zeros around. Otherwise changes nothing. Shape and dtype unchanged: [N, H, W, C].
    /// </summary>
    /// <param name="images">The images, f32 or f64. Where a mean was subtracted, the zeros are the mean colour.</param>
    /// <param name="pixels">The largest distance, at least 0 and less than height and width.</param>
    /// <param name="name">Names the stream of random numbers; shift1, shift2, ... if none is given.</param>
    /// <remarks>
    /// He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2015), section 4.2, with 4 pixels. Rows are chosen first, then columns: each is a chain of
    /// selects over slices, which is one kernel, so that nothing is gathered. The numbers come from the name and the state "augment/step".
    /// </remarks>
    /// <example><code>var model = Model.Input(32, 32, 3).RandomFlip().RandomShift(4).Conv(16, 5, padding: 2).Relu();</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats.</exception>
    /// <exception cref="GraphException">The distance is negative, or no pixel of the image would be left.</exception>
    public static Expr RandomShift(this Expr images, int pixels, string? name = null)
    {
        const string op = "random_shift";
        Draws.Check(op, images);
        int extent = Math.Min(images.Shape[1].Value, images.Shape[2].Value);
        if (pixels < 0 || pixels >= extent)
            throw new GraphException(
                $"{op}: the pixels must be at least 0 and less than the image's {extent}; got {pixels}. 4 is usual for 32 x 32."
            );
        if (pixels == 0)
            return images;
        name ??= Draws.Free(images, "shift", "/rows");
        var rows = Shifted(images, 1, pixels, Draws.PerImage(images, name + "/rows"));
        return Draws.InTraining(Shifted(rows, 2, pixels, Draws.PerImage(images, name + "/columns")), images);
    }

    /// <inheritdoc cref="RandomShift(Expr, int, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="pixels">The largest distance, at least 0 and less than height and width.</param>
    /// <param name="name">Names the stream of random numbers; shift1, shift2, ... if none is given.</param>
    public static Model RandomShift(this Model model, int pixels, string? name = null) => model.Then(x => x.RandomShift(pixels, name));

    /// <summary>Takes, of the padded axis, the piece that begins at the whole part of drawn (2 pixels + 1).</summary>
    static Expr Shifted(Expr images, int axis, int pixels, Expr drawn)
    {
        int extent = images.Shape[axis].Value;
        var start = drawn * (double)(2 * pixels + 1);
        var padded = images.Pad(axis, pixels, pixels);
        var shifted = padded.Slice(axis, 0, extent);
        for (int from = 1; from <= 2 * pixels; from++)
            shifted = Expr.Select(start >= (float)from, padded.Slice(axis, from, extent), shifted);
        return shifted;
    }
}
