namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Makes a square of each image 0 in training, its centre anywhere, so that it may reach beyond the border; otherwise changes nothing. Shape and dtype unchanged:
    /// [N, H, W, C].
    /// </summary>
    /// <param name="images">The images, f32 or f64. Where a mean was subtracted, the zeros are the mean colour.</param>
    /// <param name="size">The square's height and width in pixels, at least 0.</param>
    /// <param name="name">Names the stream of random numbers; cutout1, cutout2, ... if none is given.</param>
    /// <remarks>
    /// DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout" (2017), who take 16 pixels for CIFAR-10 and always cut. A centre in row r
    /// takes the rows from r - size / 2 on, the half rounded down. The numbers come from the name and the state "cutout1.step".
    /// </remarks>
    /// <example><code>var model = Model.Input(32, 32, 3).RandomFlip().RandomShift(4).Cutout(8).Conv(16, 5, padding: 2).Relu();</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats.</exception>
    /// <exception cref="GraphException">The size is negative.</exception>
    public static Expr Cutout(this Expr images, int size, string? name = null)
    {
        const string op = "cutout";
        Draws.Check(op, images);
        if (size < 0)
            throw new GraphException($"{op}: the size must be at least 0; got {size}. 16 is usual for 32 x 32.");
        if (size == 0)
            return images;
        var layer = Identity.New(op, name);
        var cut = Within(1, "rows") & Within(2, "columns");
        return Draws.InTraining(Expr.Select(cut, images.Like(0), images), images, layer);

        // i is in the square if the centre c, a whole number, has c - size / 2 <= i < c - size / 2 + size; drawn is c and a fraction
        Expr Within(int axis, string part)
        {
            var drawn = Draws.PerImage(images, layer, part) * (double)images.Shape[axis].Value;
            var last = Expr.Iota(new Shape(1, 1, 1, 1).With(axis, images.Shape[axis]), axis, images.DType) + (size / 2 + 1.0);
            return (drawn < last) & (drawn >= last - (double)size);
        }
    }

    /// <inheritdoc cref="Cutout(Expr, int, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="size">The square's height and width in pixels, at least 0.</param>
    /// <param name="name">Names the stream of random numbers; cutout1, cutout2, ... if none is given.</param>
    public static Model Cutout(this Model model, int size, string? name = null) => model.ThenVerb("cutout", x => x.Cutout(size, name));
}
