using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Puts zeros before, after and between the elements of one axis.</summary>
/// <param name="Axis">The axis that grows.</param>
/// <param name="Low">The zeros before the first element.</param>
/// <param name="High">The zeros after the last element.</param>
/// <param name="Between">The zeros between neighbours.</param>
public sealed record Pad(int Axis, int Low, int High, int Between) : Movement
{
    /// <inheritdoc/>
    public override string Attributes => $" axis {Axis} low {Low} high {High}" + (Between == 0 ? "" : $" between {Between}");

    /// <summary>Adds the zeros to the axis.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var dim = operands[0].Shape[Axis];
        if (!dim.IsKnown)
            throw new ShapeException(
                $"{Name}: the axis must have a known extent; got axis {Axis} of {operands[0]}. Give the dim a number to pad it."
            );
        if (Low < 0 || High < 0 || Between < 0)
            throw new ShapeException(
                $"{Name}: counts of zeros must be at least 0; got low {Low}, high {High}, between {Between}. Slice, to take elements away."
            );
        var padded = (Extents)Low + High + dim + ((Extents)dim - 1).AtLeast(0) * Between;
        return operands[0] with { Shape = operands[0].Shape.With(Axis, padded.Fit(Name, $"axis {Axis} of {operands[0]} with its zeros")) };
    }

    /// <inheritdoc/>
    protected internal override int[] Sources(Shape from, Shape to)
    {
        int[] dims = to.ToArray(),
            strides = Layout.Strides(from.ToArray()),
            count = new int[dims.Length];
        int stride = strides[Axis];
        strides[Axis] = 0;
        count[Axis] = 1;
        int[] rest = Layout.Offsets(dims, strides),
            along = Layout.Offsets(dims, count);
        return [.. rest.Select((offset, i) => Source(along[i] - Low, from[Axis].Value) is var at && at < 0 ? -1 : offset + at * stride)];
    }

    /// <summary>Takes the cotangent where the elements went.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) =>
        [dy.Slice(Axis, Low, y.Operands[0].Shape[Axis].Value, ((Extents)Between + 1).Fit(Name, "the distance of neighbours"))];

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => MovedBack(y, mask);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this with { Axis = Axis + 1 }, operands);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => Low == 0 && High == 0 && Between == 0 ? y.Operands[0] : null; // nothing to add

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Pad(1, 1, 2), Expr.Input("x", [3, 2]).Pad(0, 1, 0, 2)];

    int Source(int index, int extent)
    {
        long step = Between + 1L;
        return index >= 0 && index % step == 0 && index / step < extent ? (int)(index / step) : -1;
    }
}

public static partial class Verbs
{
    /// <summary>Puts zeros before, after and between the elements of <paramref name="axis"/>.</summary>
    public static Expr Pad(this Expr x, int axis, int low, int high, int between = 0) =>
        Expr.Of(new Pad(x.Shape.Axis(axis, "pad"), low, high, between), x);
}
