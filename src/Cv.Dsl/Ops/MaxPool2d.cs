using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Takes from the second operand, the values, the pixel at the place where the first, x, is largest in each window: two [N, H, W, C] give [N, OH, OW, C].
/// Given the images as both, it is max pooling; given others, it is the derivative of that along them.
/// </summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <remarks>
/// f32 or f64. Of pixels of x that tie, the first in row-major order is the largest; a NaN is larger than any number, and the first NaN the largest. Padding is
/// never the largest. No gradient flows to x as the operand that chooses.
/// </remarks>
public sealed record MaxPool2d(Window Y, Window X) : Pooling(Y, X)
{
    /// <summary>Checks that the operands have one type, and counts the windows, each of which must cover a pixel.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (x, values) = (operands[0], operands[1]);
        Elementwise.SameFloat(Name, operands);
        var pooled = Pooled(x);
        if (x != values)
            throw new ShapeException(
                $"{Name}: the values must have the shape of the images that choose among them; got {x} and {values}. Pass the images twice, for their own maxima."
            );
        Y.CheckEachSees(Name, x, 1);
        X.CheckEachSees(Name, x, 2);
        return pooled;
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        int[] largest = Largest(operands[0], y.Operands[0].Shape, y.Shape);
        for (int i = 0; i < largest.Length; i++)
            result[i] = operands[1][largest[i]];
    }

    /// <summary>Routes the cotangent to the largest pixel of each window alone.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [null, Expr.Of(new MaxPool2dInput(Y, X), y.Operands[0], dy)];

    /// <summary>Takes the tangent of the values where the largest pixels are.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) =>
        tangents[1] is { } moved ? Expr.Of(this, y.Operands[0], moved) : null;

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <summary>Holds where a window that the mask holds for has its largest pixel.</summary>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0
            ? mask
            : Expr.Of(new MaxPool2dInput(Y, X), y.Operands[0], Mask.Full(mask, y.Shape).Cast(y.DType)) > 0.0;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) =>
        operand == 0 ? Mask.Everywhere(false)
        : mask is null || mask.Shape.Rank == 0 ? mask
        : Expr.Of(this, y.Operands[0], Mask.Full(mask, y.Operands[1].Shape).Cast(y.DType)) > 0.0;

    /// <inheritdoc/>
    internal override Expr? Choice(Expr y, int operand) => MaskOfOperand(y, operand, Mask.Full(null, y.Shape));

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => IsIdentity ? y.Operands[1] : null; // a window of one pixel, at each pixel

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, Shape images) =>
            Expr.Input("x", images) is var node ? Expr.Of(new MaxPool2d(y, x), node, node) : node;
        return
        [
            Of(new(2, 2), new(2, 2), [2, 4, 4, 3]),
            Of(new(3, 1, 1, 1), new(2, 1), [1, 3, 4, 2]),
            Of(new(2, 2, 0, 1), new(2, 1, 1, 0, 2), [1, 3, 3, 2]),
            Expr.Of(new MaxPool2d(new(2), new(3, 2)), Expr.Input("x", [1, 3, 5, 2]), Expr.Input("values", [1, 3, 5, 2])),
        ];
    }
}

public static partial class Verbs
{
    /// <summary>Takes the largest pixel of each window, channel by channel, by windows that may differ along height and width: [N, H, W, C] to [N, OH, OW, C].</summary>
    /// <param name="images">The images, f32 or f64.</param>
    /// <param name="y">The windows along the height.</param>
    /// <param name="x">The windows along the width.</param>
    /// <example><code>Expr h = x.MaxPool2d(new(3, 2), new(3, 2));   // f32[N,31,31,16] -> f32[N,15,15,16]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or a window does not fit or lies in the padding.</exception>
    public static Expr MaxPool2d(this Expr images, Window y, Window x) => Expr.Of(new MaxPool2d(y, x), images, images);
}
