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
        ];
    }
}
