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
    /// He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2015), section 4.2, with 4 pixels. Each image is multiplied by two matrices that are 1 where
    /// a row, or a column, goes, and 0 elsewhere: exact, but for the sign of a zero, and where a pixel is not finite. The numbers come from the name and the state "shift1.step".
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
        var layer = Identity.New("shift", name);
        Dim n = images.Shape[0];
        int height = images.Shape[1].Value,
            line = ((Extents)images.Shape[2] * images.Shape[3]).Fit(op, $"the numbers of a line of {images.Type}");
        var rows = Moves(height, 1, to: 1, "rows").MatMul(images.Reshape(new Shape(n, height, line)));
        // pixels of one line lie side by side, a channel after the other
        var columns = rows.MatMul(Moves(line, images.Shape[3].Value, to: 2, "columns"));
        return Draws.InTraining(columns.Reshape(images.Shape), images, layer);

        // 1 where from - to is the distance drawn, in steps, and 0 elsewhere: [N, count, count]
        Expr Moves(int count, int step, int to, string part)
        {
            var drawn = Expr.Uniform(new Shape(n, 1, 1), Draws.Step(layer), layer, part, images.DType);
            var distance = (drawn * (2.0 * pixels + 1)).Cast(DType.I32).Cast(images.DType) - (double)pixels;
            return (Places(3 - to) - Places(to)).EqualTo(distance * (double)step).Cast(images.DType);

            Expr Places(int axis) => Expr.Iota(new Shape(1, 1, 1).With(axis, count), axis, images.DType);
        }
    }

    /// <inheritdoc cref="RandomShift(Expr, int, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="pixels">The largest distance, at least 0 and less than height and width.</param>
    /// <param name="name">Names the stream of random numbers; shift1, shift2, ... if none is given.</param>
    public static Model RandomShift(this Model model, int pixels, string? name = null) =>
        model.ThenVerb("shift", x => x.RandomShift(pixels, name));
}
