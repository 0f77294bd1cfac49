using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Adds up the pixels of each window, channel by channel: [N, H, W, C] gives [N, OH, OW, C]. Average pooling divides it by a count.</summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <remarks>f32 or f64. The order of addition depends on the shapes alone.</remarks>
public sealed record SumPool2d(Window Y, Window X) : Pooling(Y, X)
{
    /// <summary>Counts the windows.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        Elementwise.SameFloat(Name, operands);
        return Pooled(operands[0]);
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        foreach (var (pixel, window) in Pairs(y.Operands[0].Shape, y.Shape))
            result[window] += operands[0][pixel];
    }

    /// <summary>Copies the cotangent of each window to all its pixels.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var images = y.Operands[0].Shape;
        return [Expr.Of(new SumPool2dInput(Y, X, images[1].Value, images[2].Value), dy)];
    }

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

    /// <summary>Is a <see cref="ReduceSum"/> where the one window is the whole image.</summary>
    public override Expr? Expand(Expr y) => Covers(y.Operands[0].Shape) ? y.Operands[0].Sum([1, 2], keepDims: true) : null;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, Shape images) => Expr.Of(new SumPool2d(y, x), Expr.Input("x", images));
        return
        [
            Of(new(2, 2), new(2, 2), [2, 4, 4, 3]),
            Of(new(3, 1, 1, 1), new(2, 1), [1, 3, 4, 2]),
            Of(new(2, 2, 0, 1), new(2, 1, 2, 0, 2), [1, 3, 3, 2]),
            Of(new(2), new(3), [2, 2, 3, 2]),
        ];
    }
}

public static partial class Verbs
{
    /// <summary>Adds up the pixels of each window, channel by channel, by windows that may differ along height and width: [N, H, W, C] to [N, OH, OW, C].</summary>
    /// <param name="images">The images, f32 or f64.</param>
    /// <param name="y">The windows along the height.</param>
    /// <param name="x">The windows along the width.</param>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or a window does not fit.</exception>
    public static Expr SumPool2d(this Expr images, Window y, Window x) => Expr.Of(new SumPool2d(y, x), images);
}
