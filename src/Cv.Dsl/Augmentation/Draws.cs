namespace Cv.Dsl;

/// <summary>
/// Names streams of random numbers and draws from them. What a stream gives depends on its name, on a count of training steps and on the element's place alone, so
/// it is the same in each run, at any width, on any number of threads.
/// </summary>
static class Draws
{
    /// <summary>Counts the training steps that augmentations have seen: one state for all of them.</summary>
    public static Expr Step => Expr.State("augment/step", [], 0, DType.I32);

    /// <summary>Gives the key of a stream.</summary>
    public static uint Key(string stream)
    {
        ulong hash = RandomStream.Hash(stream);
        return (uint)(hash >> 32) ^ (uint)hash;
    }

    /// <summary>Gives the kind with the first number whose stream no node below <paramref name="x"/> draws from: flip1, flip2, ...</summary>
    public static string Free(Expr x, string kind, string part = "")
    {
        var taken = Expr.Nodes(x).Select(e => e.Op).OfType<Uniform>().Select(u => u.Key).ToHashSet();
        int number = 1;
        while (taken.Contains(Key($"{kind}{number}{part}")))
            number++;
        return $"{kind}{number}";
    }

    /// <summary>Draws a number of [0, 1) for each image: [N, 1, 1, 1].</summary>
    public static Expr PerImage(Expr images, string stream) =>
        Expr.Uniform(new Shape(images.Shape[0], 1, 1, 1), Step, Key(stream), images.DType);

    /// <summary>Is the augmented images in a training step, which it asks to count itself, and otherwise the images as they are.</summary>
    public static Expr InTraining(Expr augmented, Expr images) => augmented.Remember(Step, Step + 1.0).WhenTraining(images);

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
