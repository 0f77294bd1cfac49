namespace Cv.Dsl;

/// <summary>
/// Names streams of random numbers and draws from them. What a stream gives depends on its name, on a count of training steps and on the element's place alone, so
/// it is the same in each run, at any width, on any number of threads.
/// </summary>
static class Draws
{
    /// <summary>Counts the training steps that a layer has seen.</summary>
    public static Expr Step(Identity layer) => Expr.State(layer, "step", [], 0, DType.I32);

    /// <summary>Gives the key of a stream.</summary>
    public static uint Key(string stream)
    {
        ulong hash = RandomStream.Hash(stream);
        return unchecked((uint)(hash >> 32) ^ (uint)hash);
    }

    /// <summary>Draws a number of [0, 1) for each image: [N, 1, 1, 1].</summary>
    public static Expr PerImage(Expr images, Identity layer, string part = "") =>
        Expr.Uniform(new Shape(images.Shape[0], 1, 1, 1), Step(layer), layer, part, images.DType);

    /// <summary>Is the augmented images in a training step, which it asks to count itself, and otherwise the images as they are.</summary>
    public static Expr InTraining(Expr augmented, Expr images, Identity layer) =>
        augmented.Remember(Step(layer), Step(layer) + 1.0).WhenTraining(images);

    /// <summary>Asks for images of floats.</summary>
    public static void Check(string op, Expr images)
    {
        Elementwise.SameFloat(op, [images.Type]);
        Images.Check(op, "images", images.Type);
    }

    /// <summary>Asks for colour images, or grey ones.</summary>
    public static void CheckColours(string op, Expr images)
    {
        Check(op, images);
        if (images.Shape[3].Value is not (1 or 3))
            throw new ShapeException(
                $"{op}: images must have 3 channels, red, green and blue, or 1; got {images.Type}. Take it before the first convolution."
            );
    }
}
