namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Takes the smallest pixel of each window, channel by channel: [N, H, W, C] becomes [N, OH, OW, C]. NaN if the window has one.</summary>
    /// <param name="x">The images, f32 or f64.</param>
    /// <param name="size">The height and width of a window.</param>
    /// <param name="stride">The distance from one window to the next; the size, if none is given.</param>
    /// <param name="padding">The zeros around the images, which are never the smallest; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <remarks>The gradient goes to the smallest pixel alone; of several that tie, to the first in row-major order.</remarks>
    /// <example><code>Expr dark = x.MinPool(2);   // f32[N,28,28,1] -> f32[N,14,14,1]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the windows do not come out even.</exception>
    public static Expr MinPool(this Expr x, int size, int? stride = null, Padding padding = default, int dilation = 1)
    {
        var (y, across) = padding.Windows("min_pool", x.Type, size, size, stride ?? size, dilation);
        // the smallest is where the negative is largest
        return Expr.Of(new MaxPool2d(y, across), -x, x);
    }

    /// <inheritdoc cref="MinPool(Expr, int, int?, Padding, int)"/>
    public static Model MinPool(this Model model, int size, int? stride = null, Padding padding = default, int dilation = 1) =>
        model.ThenVerb("minpool", x => x.MinPool(size, stride, padding, dilation));
}
