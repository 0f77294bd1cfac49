using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Gives each weight the sum of the products that it takes part in: x [N, H, W, Ci] and y [N, OH, OW, Co] give filters [KH, KW, Ci / groups, Co]. It is the
/// adjoint of <see cref="Conv2d"/> by its filters.
/// </summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <param name="Groups">The parts that the channels are cut into.</param>
/// <remarks>f32 or f64. The order of summation depends on the shapes alone.</remarks>
public sealed record Conv2dWeights(Window Y, Window X, int Groups) : Convolution(Y, X, Groups)
{
    /// <summary>Checks dtypes, ranks, batches and groups, and that there is a result for each window.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (x, y) = (operands[0], operands[1]);
        var type = Elementwise.SameFloat(Name, operands);
        Images.Check(Name, "images", x);
        Images.Check(Name, "results", y);
        Images.CheckBatch(Name, x, y);
        CheckGroups(Name, Groups, x.Shape[3].Value, y.Shape[3].Value);
        Images.CheckResults(Name, y, Y.Check(Name, x, 1), X.Check(Name, x, 2));
        return new(type, [Y.Size, X.Size, x.Shape[3].Value / Groups, y.Shape[3]]);
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        foreach (var (pixel, weight, from) in Products(y.Operands[0].Shape, y.Shape, y.Operands[1].Shape))
            result[weight] += operands[0][pixel] * operands[1][from];
    }

    /// <summary>Takes the cotangent as filters: spreads the results over the images by them, and slides them over the images.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var (x, results) = (y.Operands[0], y.Operands[1]);
        return
        [
            Expr.Of(new Conv2dInput(Y, X, Groups, x.Shape[1].Value, x.Shape[2].Value), results, dy),
            Expr.Of(new Conv2d(Y, X, Groups), x, dy),
        ];
    }

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <summary>Is a matrix product where the filters see one pixel, or the whole image.</summary>
    public override Expr? Expand(Expr y)
    {
        var (x, from) = (y.Operands[0], y.Operands[1]);
        return AsProduct(x.Shape) is var (rows, inner)
            ? x.Reshape([rows, inner]).T().MatMul(from.Reshape([rows, from.Shape[3]])).Reshape(y.Shape)
            : null;
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, int groups, Shape images, Shape results) =>
            Expr.Of(new Conv2dWeights(y, x, groups), Expr.Input("x", images), Expr.Input("y", results));
        Window one = new(1),
            two = new(2),
            three = new(3, Low: 1, High: 1);
        return
        [
            Of(two, two, 1, [2, 3, 4, 2], [2, 2, 3, 3]),
            Of(three, new(3, 2, 1, 1), 1, [1, 3, 4, 2], [1, 3, 2, 1]),
            Of(new(2, 1, 0, 1, 2), new(3, 2, 2, 0, 2), 1, [1, 4, 4, 1], [1, 3, 1, 2]),
            Of(two, two, 2, [2, 2, 3, 4], [2, 1, 2, 6]),
            Of(three, two, 3, [1, 3, 3, 3], [1, 3, 2, 3]),
            Of(one, one, 1, [2, 2, 3, 3], [2, 2, 3, 2]),
            Of(two, three with { Low = 0, High = 0 }, 1, [2, 2, 3, 2], [2, 1, 1, 4]),
        ];
    }
}
