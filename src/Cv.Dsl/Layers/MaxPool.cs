namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Takes the largest pixel of each window, channel by channel: [N, H, W, C] becomes [N, OH, OW, C]. NaN if the window has one.</summary>
    /// <param name="x">The images, f32 or f64.</param>
    /// <param name="size">The height and width of a window.</param>
    /// <param name="stride">The distance from one window to the next; the size, if none is given, so that windows lie side by side.</param>
    /// <param name="padding">The zeros around the images, which are never the largest; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <remarks>CS231n notes, "Pooling Layer". The gradient goes to the largest pixel alone; of several that tie, to the first in row-major order.</remarks>
    /// <example><code>Expr h = x.Conv(16, 5, padding: 2).Relu().MaxPool(2);   // f32[N,32,32,3] -> f32[N,16,16,16]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the windows do not come out even.</exception>
    public static Expr MaxPool(this Expr x, int size, int? stride = null, Padding padding = default, int dilation = 1)
    {
        var (y, across) = padding.Windows("max_pool", x.Type, size, size, stride ?? size, dilation);
        return x.MaxPool2d(y, across);
    }

    /// <inheritdoc cref="MaxPool(Expr, int, int?, Padding, int)"/>
    public static Model MaxPool(this Model model, int size, int? stride = null, Padding padding = default, int dilation = 1) =>
        model.ThenVerb("maxpool", x => x.MaxPool(size, stride, padding, dilation));
}
