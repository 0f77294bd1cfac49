using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Takes every Step-th element along one axis, Count of them, from Start on.</summary>
/// <param name="Axis">The axis that is cut.</param>
/// <param name="Start">The first index taken.</param>
/// <param name="Count">The number of indices taken.</param>
/// <param name="Step">The distance between indices, at least 1.</param>
public sealed record Slice(int Axis, int Start, int Count, int Step) : Movement
{
    /// <inheritdoc/>
    public override string Attributes => $" axis {Axis} from {Start} count {Count}" + (Step == 1 ? "" : $" step {Step}");

    /// <summary>Checks that the range lies in the axis.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var dim = operands[0].Shape[Axis];
        if (!dim.IsKnown)
            throw new ShapeException(
                $"{Name}: the axis must have a known extent; got axis {Axis} of {operands[0]}. Give the dim a number to slice it."
            );
        if (Start < 0 || Count < 0 || Step < 1 || (Count > 0 && Start + (Count - 1L) * Step >= dim.Value))
            throw new ShapeException(
                $"{Name}: the range must lie in an axis of {dim} elements; got start {Start}, count {Count}, step {Step} on axis {Axis} of {operands[0]}. Shorten the range."
            );
        return operands[0] with { Shape = operands[0].Shape.With(Axis, Count) };
    }

    /// <inheritdoc/>
    protected internal override int[] Sources(Shape from, Shape to)
    {
        var strides = Layout.Strides(from.ToArray());
        int start = Count == 0 ? 0 : Start * strides[Axis];
        strides[Axis] = Count <= 1 ? 0 : strides[Axis] * Step; // one index takes no step
        return Layout.Offsets(to.ToArray(), strides, start);
    }

    /// <summary>Puts the cotangent back where the elements were taken, among zeros.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        if (Count == 0)
            return [dy.Like(0)];
        var used = (Extents)Start + ((Extents)Count - 1) * Step + 1;
        return [dy.Pad(Axis, Start, ((Extents)y.Operands[0].Shape[Axis] - used).Fit(Name, "what lies behind the range"), Step - 1)];
    }

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => MovedBack(y, mask);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this with { Axis = Axis + 1 }, operands);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => y.Shape == y.Operands[0].Shape ? y.Operands[0] : null; // the whole axis

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 5]).Slice(1, 1, 3), Expr.Input("x", [5, 2]).Slice(0, 0, 2, 3)];
}

public static partial class Verbs
{
    /// <summary>Takes <paramref name="count"/> indices along <paramref name="axis"/>, from <paramref name="start"/> on, every <paramref name="step"/>-th.</summary>
    /// <example><code>Expr first = x.Slice(0, 0, 100);   // the first hundred rows</code></example>
    public static Expr Slice(this Expr x, int axis, int start, int count, int step = 1) =>
        Expr.Of(new Slice(x.Shape.Axis(axis, "slice"), start, count, step), x);
}
