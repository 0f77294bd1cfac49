using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Puts each result at the place where x is largest in its window, adding where windows share it, and 0 elsewhere: x [N, H, W, C] and y [N, OH, OW, C] give
/// [N, H, W, C]. It is the adjoint of <see cref="MaxPool2d"/> by its values.
/// </summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <remarks>f32 or f64. The largest is chosen as <see cref="MaxPool2d"/> does. No gradient flows to x.</remarks>
public sealed record MaxPool2dInput(Window Y, Window X) : Pooling(Y, X)
{
    /// <summary>Checks that there is a result for each window of each channel; each window must cover a pixel.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (x, y) = (operands[0], operands[1]);
        Elementwise.SameFloat(Name, operands);
        var pooled = Pooled(x);
        if (y != pooled)
            throw new ShapeException(
                $"{Name}: there must be a result for each window of the images; got {y} for {x}, whose windows give {pooled}. Give the windows that the results were made with."
            );
        Y.CheckEachSees(Name, x, 1);
        X.CheckEachSees(Name, x, 2);
        return x;
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        result.Clear();
        int[] largest = Largest(operands[0], y.Shape, y.Operands[1].Shape);
        for (int i = 0; i < largest.Length; i++)
            result[largest[i]] += operands[1][i];
    }

    /// <summary>Takes the cotangent where the results went.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [null, Expr.Of(new MaxPool2d(Y, X), y.Operands[0], dy)];

    /// <summary>Puts the tangent of the results where the results went.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) =>
        tangents[1] is { } moved ? Expr.Of(this, y.Operands[0], moved) : null;

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0
            ? mask
            : Expr.Of(new MaxPool2d(Y, X), y.Operands[0], Mask.Full(mask, y.Shape).Cast(y.DType)) > 0.0;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) =>
        operand == 0 ? Mask.Everywhere(false)
        : mask is null || mask.Shape.Rank == 0 ? mask
        : Expr.Of(this, y.Operands[0], Mask.Full(mask, y.Operands[1].Shape).Cast(y.DType)) > 0.0;

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => IsIdentity ? y.Operands[1] : null; // a window of one pixel, at each pixel

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        static Expr Of(Window y, Window x, Shape images, Shape results) =>
            Expr.Of(new MaxPool2dInput(y, x), Expr.Input("x", images), Expr.Input("y", results));
        return
        [
            Of(new(2, 2), new(2, 2), [2, 4, 4, 3], [2, 2, 2, 3]),
            Of(new(3, 1, 1, 1), new(2, 1), [1, 3, 4, 2], [1, 3, 3, 2]),
            Of(new(2, 2, 0, 1), new(2, 1, 1, 0, 2), [1, 3, 3, 2], [1, 2, 2, 2]),
        ];
    }
}
