namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Cuts a rectangle out of each image: [N, H, W, C] becomes [N, height, width, C].</summary>
    /// <param name="images">The images, their height and width known.</param>
    /// <param name="top">The first row taken.</param>
    /// <param name="left">The first column taken.</param>
    /// <param name="height">The number of rows taken.</param>
    /// <param name="width">The number of columns taken.</param>
    /// <example><code>Expr centre = images.Crop(2, 2, 28, 28);   // f32[N,32,32,3] -> f32[N,28,28,3]</code></example>
    /// <exception cref="ShapeException">The operand has not four dims with known height and width, or the rectangle is not inside.</exception>
    public static Expr Crop(this Expr images, int top, int left, int height, int width)
    {
        var shape = images.Shape;
        if (shape.Rank != 4 || !shape[1].IsKnown || !shape[2].IsKnown)
            throw new ShapeException(
                $"crop: images must be [N, H, W, C] with H and W known; got {images.Type}. Reshape them, or give both dims numbers."
            );
        if (!Inside(top, height, shape[1].Value) || !Inside(left, width, shape[2].Value))
            throw new ShapeException(
                $"crop: the rectangle must lie in an image of {shape[1]} x {shape[2]}; got {height} x {width} from ({top}, {left}). Pad the images first, or take less."
            );
        return images.Slice(1, top, height).Slice(2, left, width);

        static bool Inside(int start, int count, int extent) => start >= 0 && count >= 0 && (long)start + count <= extent;
    }

    /// <inheritdoc cref="Crop(Expr, int, int, int, int)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="top">The first row taken.</param>
    /// <param name="left">The first column taken.</param>
    /// <param name="height">The number of rows taken.</param>
    /// <param name="width">The number of columns taken.</param>
    public static Model Crop(this Model model, int top, int left, int height, int width) =>
        model.ThenVerb("crop", x => x.Crop(top, left, height, width));
}
