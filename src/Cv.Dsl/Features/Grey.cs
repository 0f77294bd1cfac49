namespace Cv.Dsl;

public static partial class Verbs
{
    // how bright the eye finds red, green and blue
    static readonly double[] BrightnessOfColours = [0.299, 0.587, 0.114];

    /// <summary>Takes the brightness of each pixel as the eye has it: 0.299 red + 0.587 green + 0.114 blue, [N, H, W, 3] to [N, H, W, 1]. One channel stays as it is.</summary>
    /// <remarks>ITU-R BT.601.</remarks>
    /// <example><code>Expr grey = images.Grey();   // f32[N,32,32,3] -> f32[N,32,32,1]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, C 1 or 3.</exception>
    public static Expr Grey(this Expr images)
    {
        Draws.CheckColours("grey", images);
        if (images.Shape[3].Value == 1)
            return images;
        // one filter of one pixel: a slice for each colour would be a copy
        return images.Conv2d(Expr.Literal([1, 1, 3, 1], BrightnessOfColours, images.DType));
    }

    /// <inheritdoc cref="Grey(Expr)"/>
    public static Model Grey(this Model model) => model.ThenVerb("grey", Grey);
}
