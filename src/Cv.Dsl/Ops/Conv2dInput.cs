using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Spreads each result over the window that it would come from: y [N, OH, OW, Co] and w [KH, KW, Ci / groups, Co] give images [N, H, W, Ci]. It is the adjoint
/// of <see cref="Conv2d"/> by its images, which is a transposed convolution.
/// </summary>
/// <param name="Y">The windows along the height of the images.</param>
/// <param name="X">The windows along the width of the images.</param>
/// <param name="Groups">The parts that the channels are cut into.</param>
/// <param name="Height">The height of the images: it must have as many windows as y has rows.</param>
/// <param name="Width">The width of the images: it must have as many windows as y has columns.</param>
/// <remarks>f32 or f64. The order of summation depends on the shapes alone.</remarks>
public sealed record Conv2dInput(Window Y, Window X, int Groups, int Height, int Width) : Convolution(Y, X, Groups)
{
    /// <inheritdoc/>
    public override string Attributes => $"{base.Attributes} to {Height}x{Width}";

    /// <summary>Checks dtypes, ranks, sizes and groups, and that the images have a window for each result.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (y, w) = (operands[0], operands[1]);
        var type = Elementwise.SameFloat(Name, operands);
        Images.Check(Name, "results", y);
        CheckFilters(w, null, y);
        if (w.Shape[3] != y.Shape[3])
            throw new ShapeException(
                $"{Name}: results must have a channel for each filter; got {y} and {w} ({y.Shape[3]} != {w.Shape[3]}). The filters are [height, width, channels out / groups, channels in]."
            );
        if (Height < 0 || Width < 0)
            throw new ShapeException($"{Name}: the images' height and width must be at least 0; got {Height} x {Width}. Give more.");
        var images = new TensorType(type, [y.Shape[0], Height, Width, Channels(w)]);
        Images.CheckResults(Name, y, Y.Check(Name, images, 1), X.Check(Name, images, 2));
        return images;
    }

    int Channels(TensorType filters) => ((Extents)filters.Shape[2] * Groups).Fit(Name, $"the channels of {Groups} groups of {filters}");

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        foreach (var (pixel, weight, from) in Products(y.Shape, y.Operands[1].Shape, y.Operands[0].Shape))
            result[pixel] += operands[0][from] * operands[1][weight];
    }

    /// <summary>Gathers the cotangent by the same windows, and gives each weight the products that it took part in.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) =>
        [Expr.Of(new Conv2d(Y, X, Groups), dy, y.Operands[1]), Expr.Of(new Conv2dWeights(Y, X, Groups), dy, y.Operands[0])];

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <summary>Is a matrix product where the filters see one pixel, or the whole image.</summary>
    public override Expr? Expand(Expr y)
    {
        var (from, w) = (y.Operands[0], y.Operands[1]);
        return AsProduct(y.Shape) is var (rows, inner)
            ? from.Reshape([rows, w.Shape[3]]).MatMul(w.Reshape([inner, w.Shape[3]]).T()).Reshape(y.Shape)
            : null;
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, int groups, int height, int width, Shape results, Shape filters) =>
            Expr.Of(new Conv2dInput(y, x, groups, height, width), Expr.Input("y", results), Expr.Input("w", filters));
        Window one = new(1),
            two = new(2),
            three = new(3, Low: 1, High: 1);
        return
        [
            Of(two, two, 1, 3, 4, [2, 2, 3, 3], [2, 2, 2, 3]),
            Of(three, new(3, 2, 1, 1), 1, 3, 4, [1, 3, 2, 1], [3, 3, 2, 1]),
            Of(new(2, 2), new(2, 3, Dilation: 2), 1, 5, 6, [1, 2, 2, 2], [2, 2, 1, 2]),
            Of(two, two, 2, 2, 3, [2, 1, 2, 6], [2, 2, 2, 6]),
            Of(three, two, 3, 3, 3, [1, 3, 2, 3], [3, 2, 1, 3]),
            Of(one, one, 1, 2, 3, [2, 2, 3, 2], [1, 1, 3, 2]),
            Of(two, three with { Low = 0, High = 0 }, 1, 2, 3, [2, 1, 1, 4], [2, 3, 2, 4]),
        ];
    }
}

public static partial class Verbs
{
    /// <summary>
    /// Spreads each pixel over a window, weighed by filters <paramref name="w"/> [K, K', channels out / groups, channels in]: the adjoint of
    /// <see cref="Conv2d(Expr, Expr, int, Padding, int, int)"/>, which makes images larger where that makes them smaller. f32[N,7,7,16] and f32[2,2,8,16] at stride 2 give
    /// f32[N,14,14,8].
    /// </summary>
    /// <param name="x">The images, [N, height, width, channels in], f32 or f64.</param>
    /// <param name="w">The filters, of the dtype of <paramref name="x"/>.</param>
    /// <param name="stride">The distance from one window to the next in the result.</param>
    /// <param name="padding">What is cut off around the result, which a convolution back would pad; <see cref="Padding.Same"/> gives stride times the size.</param>
    /// <param name="outputPadding">The rows and columns added at the bottom and right, under the stride: several sizes shrink to one, and this chooses.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="groups">The parts that the channels are cut into.</param>
    /// <remarks>Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), chapter 4; also called fractionally strided, or deconvolution.</remarks>
    /// <example><code>Expr twice = x.ConvTranspose2d(w, stride: 2, padding: Padding.Same);   // f32[N,7,7,16], f32[3,3,8,16] -> f32[N,14,14,8]</code></example>
    /// <exception cref="ShapeException">Shapes or dtypes do not fit.</exception>
    public static Expr ConvTranspose2d(
        this Expr x,
        Expr w,
        int stride = 1,
        Padding padding = default,
        int outputPadding = 0,
        int dilation = 1,
        int groups = 1
    )
    {
        const string op = "conv_transpose2d";
        Images.CheckFilters(op, w.Type);
        var (y, across, height, width) = padding.Transposed(
            op,
            x.Type,
            w.Shape[0].Value,
            w.Shape[1].Value,
            stride,
            dilation,
            outputPadding
        );
        return Expr.Of(new Conv2dInput(y, across, groups, height, width), x, w);
    }
}
