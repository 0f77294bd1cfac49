using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Copies each result to all pixels of its window, adding where windows overlap: [N, OH, OW, C] gives [N, H, W, C]. It is the adjoint of
/// <see cref="SumPool2d"/>.
/// </summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <param name="Height">The height of the images: it must have as many windows as the results have rows.</param>
/// <param name="Width">The width of the images: it must have as many windows as the results have columns.</param>
/// <remarks>f32 or f64. The order of addition depends on the shapes alone.</remarks>
public sealed record SumPool2dInput(Window Y, Window X, int Height, int Width) : Pooling(Y, X)
{
    /// <inheritdoc/>
    public override string Attributes => $"{base.Attributes} to {Height}x{Width}";

    /// <summary>Checks that the images have a window for each result.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var y = operands[0];
        var type = Elementwise.SameFloat(Name, operands);
        Images.Check(Name, "results", y);
        if (Height < 0 || Width < 0)
            throw new ShapeException($"{Name}: the images' height and width must be at least 0; got {Height} x {Width}. Give more.");
        var images = new TensorType(type, [y.Shape[0], Height, Width, y.Shape[3]]);
        Images.CheckResults(Name, y, Y.Check(Name, images, 1), X.Check(Name, images, 2));
        return images;
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        foreach (var (pixel, window) in Pairs(y.Shape, y.Operands[0].Shape))
            result[pixel] += operands[0][window];
    }

    /// <summary>Adds up the cotangent over each window.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [Expr.Of(new SumPool2d(Y, X), dy)];

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0 ? mask : Vjp(y, Mask.Full(mask, y.Shape).Cast(y.DType))[0]! > 0.0;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0 ? mask : y.With([Mask.Full(mask, y.Operands[0].Shape).Cast(y.DType)]) > 0.0;

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => IsIdentity ? y.Operands[0] : null; // a window of one pixel, at each pixel

    /// <summary>Repeats the results where the one window is the whole image.</summary>
    public override Expr? Expand(Expr y) => Covers(y.Shape) ? y.Operands[0].BroadcastTo(y.Shape) : null;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, int height, int width, Shape results) =>
            Expr.Of(new SumPool2dInput(y, x, height, width), Expr.Input("y", results));
        return
        [
            Of(new(2, 2), new(2, 2), 4, 4, [2, 2, 2, 3]),
            Of(new(3, 1, 1, 1), new(2, 1), 3, 4, [1, 3, 3, 2]),
            Of(new(2, 2, 0, 1), new(2, 1, 2, 0, 2), 3, 3, [1, 2, 3, 2]),
            Of(new(2), new(3), 2, 3, [2, 1, 1, 2]),
        ];
    }
}
