using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Slides filters over images: x [N, H, W, Ci] and w [KH, KW, Ci / groups, Co] give [N, OH, OW, Co], where each result is the sum, over a window and the
/// channels of the filter's group, of pixels times weights. Zeros stand around the images.
/// </summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <param name="Groups">The parts that the channels are cut into; as many as channels make it depthwise.</param>
/// <remarks>
/// f32 or f64. As in all of the field, the filter is not flipped: this is a cross-correlation (CS231n notes, "Convolutional Networks"). The order of summation
/// depends on the shapes alone. A weight that is not finite spoils the windows that reach into the padding, or does not: that is unspecified.
/// </remarks>
public sealed record Conv2d(Window Y, Window X, int Groups) : Convolution(Y, X, Groups)
{
    /// <summary>Checks dtypes, ranks, sizes, channels and groups, and counts the windows.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (x, w) = (operands[0], operands[1]);
        var type = Elementwise.SameFloat(Name, operands);
        Images.Check(Name, "images", x);
        CheckFilters(w, x.Shape[3].Value, x);
        return new(type, [x.Shape[0], Y.Check(Name, x, 1), X.Check(Name, x, 2), w.Shape[3]]);
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        foreach (var (pixel, weight, at) in Products(y.Operands[0].Shape, y.Operands[1].Shape, y.Shape))
            result[at] += operands[0][pixel] * operands[1][weight];
    }

    /// <summary>Gives each factor of the products the cotangent times the other factor.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (x, w) = (y.Operands[0], y.Operands[1]);
        return
        [
            Expr.Of(new Conv2dInput(Y, X, Groups, x.Shape[1].Value, x.Shape[2].Value), dy, w),
            Expr.Of(new Conv2dWeights(Y, X, Groups), x, dy),
        ];
    }

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Pad(1, var low, var high, 0), [var x]), var w]) => x.Conv2d(w, Around(Y, low, high), X, Groups), // zeros around the images are padding
            (_, [(Pad(2, var low, var high, 0), [var x]), var w]) => x.Conv2d(w, Y, Around(X, low, high), Groups), // zeros around the images are padding
            _ => null,
        };

    /// <summary>Is a matrix product where the filters see one pixel, or the whole image.</summary>
    public override Expr? Expand(Expr y)
    {
        var (x, w) = (y.Operands[0], y.Operands[1]);
        return AsProduct(x.Shape) is var (rows, inner)
            ? x.Reshape([rows, inner]).MatMul(w.Reshape([inner, w.Shape[3]])).Reshape(y.Shape)
            : null;
    }

    static Window Around(Window window, int low, int high) => window with { Low = window.Low + low, High = window.High + high };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, int groups, Shape images, Shape filters) =>
            Expr.Of(new Conv2d(y, x, groups), Expr.Input("x", images), Expr.Input("w", filters));
        Window one = new(1),
            two = new(2),
            three = new(3, Low: 1, High: 1);
        return
        [
            Of(two, two, 1, [2, 3, 4, 2], [2, 2, 2, 3]),
            Of(three, new(3, 2, 1, 1), 1, [1, 3, 4, 2], [3, 3, 2, 1]),
            Of(new(2, 1, 0, 1, 2), new(3, 2, 2, 0, 2), 1, [1, 4, 4, 1], [2, 3, 1, 2]),
            Of(two, two, 2, [2, 2, 3, 4], [2, 2, 2, 6]),
            Of(three, two, 3, [1, 3, 3, 3], [3, 2, 1, 3]),
            Of(one, one, 1, [2, 2, 3, 3], [1, 1, 3, 2]),
            Of(two, three with { Low = 0, High = 0 }, 1, [2, 2, 3, 2], [2, 3, 2, 4]),
        ];
    }
}

public static partial class Verbs
{
    /// <summary>
    /// Slides filters <paramref name="w"/> [K, K', channels / groups, filters] over images: f32[N,32,32,3] and f32[5,5,3,16] give f32[N,28,28,16]. Nothing is
    /// added: <see cref="Conv(Expr, int, int, int, Padding, int, int, Initialiser, Initialiser, bool, string)"/> brings weights and biases of its own.
    /// </summary>
    /// <param name="x">The images, [N, height, width, channels], f32 or f64.</param>
    /// <param name="w">The filters, of the dtype of <paramref name="x"/>.</param>
    /// <param name="stride">The distance from one window to the next.</param>
    /// <param name="padding">The zeros around the images; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="groups">The parts that the channels are cut into; as many as channels make it depthwise.</param>
    /// <example><code>Expr edges = images.Conv2d(sobel, padding: Padding.Same);   // f32[N,28,28,1], f32[3,3,1,2] -> f32[N,28,28,2]</code></example>
    /// <exception cref="ShapeException">Shapes or dtypes do not fit, or the windows do not come out even.</exception>
    public static Expr Conv2d(this Expr x, Expr w, int stride = 1, Padding padding = default, int dilation = 1, int groups = 1)
    {
        Images.CheckFilters("conv2d", w.Type);
        var (y, across) = padding.Windows("conv2d", x.Type, w.Shape[0].Value, w.Shape[1].Value, stride, dilation);
        return x.Conv2d(w, y, across, groups);
    }

    /// <summary>Slides filters over images by windows that differ along height and width.</summary>
    /// <param name="images">The images, [N, height, width, channels], f32 or f64.</param>
    /// <param name="w">The filters, [y.Size, x.Size, channels / groups, filters].</param>
    /// <param name="y">The windows along the height.</param>
    /// <param name="x">The windows along the width.</param>
    /// <param name="groups">The parts that the channels are cut into.</param>
    /// <exception cref="ShapeException">Shapes or dtypes do not fit.</exception>
    public static Expr Conv2d(this Expr images, Expr w, Window y, Window x, int groups = 1) => Expr.Of(new Conv2d(y, x, groups), images, w);
}
