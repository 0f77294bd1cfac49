namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Mirrors each image with probability 1/2 in training; otherwise changes nothing. Shape and dtype unchanged: [N, H, W, C].</summary>
    /// <param name="images">The images, f32 or f64.</param>
    /// <param name="axis">2 exchanges left and right, 1 top and bottom.</param>
    /// <param name="name">Names the stream of random numbers; flip1, flip2, ... if none is given.</param>
    /// <remarks>
    /// CS231n notes, "Data Augmentation"; Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks" (2012), section 4.1.
    /// The numbers come from the name and from the count of training steps, the state "flip1.step": they are the same in each run.
    /// </remarks>
    /// <example><code>var model = Model.Input(32, 32, 3).RandomFlip().RandomShift(4).Conv(16, 5, padding: 2).Relu();</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats.</exception>
    /// <exception cref="GraphException">The axis is neither 1 nor 2.</exception>
    public static Expr RandomFlip(this Expr images, int axis = 2, string? name = null)
    {
        const string op = "random_flip";
        Draws.Check(op, images);
        if (axis is not (1 or 2))
            throw new GraphException(
                $"{op}: the axis must be 2, which exchanges left and right, or 1, top and bottom; got {axis}. 2 is usual."
            );
        var layer = Identity.New("flip", name);
        var drawn = Draws.PerImage(images, layer);
        return Draws.InTraining(Expr.Select(drawn < 0.5f, images.Flip(axis), images), images, layer);
    }

    /// <inheritdoc cref="RandomFlip(Expr, int, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="axis">2 exchanges left and right, 1 top and bottom.</param>
    /// <param name="name">Names the stream of random numbers; flip1, flip2, ... if none is given.</param>
    public static Model RandomFlip(this Model model, int axis = 2, string? name = null) =>
        model.ThenVerb("flip", x => x.RandomFlip(axis, name));
}
