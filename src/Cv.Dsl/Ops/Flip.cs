using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Turns one axis round: its last element comes first. Shape and dtype unchanged.</summary>
/// <param name="Axis">The axis that is turned.</param>
public sealed record Flip(int Axis) : Movement
{
    /// <inheritdoc/>
    public override string Attributes => $" axis {Axis}";

    /// <summary>Keeps the type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0];

    /// <inheritdoc/>
    protected internal override int[] Sources(Shape from, Shape to)
    {
        var strides = Layout.Strides(from.ToArray());
        int last = Math.Max(0, from[Axis].Value - 1) * strides[Axis];
        strides[Axis] *= -1;
        return Layout.Offsets(to.ToArray(), strides, last);
    }

    /// <summary>Turns the cotangent back.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy.Flip(Axis)];

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => MovedBack(y, mask);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this with { Axis = Axis + 1 }, operands);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Flip(var axis), [var x])]) when axis == Axis => x, // a flip of a flip is none
            (_, [var x]) when x.Shape[Axis].IsOne => x, // one element has no order
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3, 4]).Flip(1), Expr.Input("x", [3, 5]).Flip(-1)];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Flip"/>
    /// <param name="x">The operand.</param>
    /// <param name="axis">The axis that is turned; -1 is the innermost.</param>
    /// <example><code>Expr mirrored = images.Flip(2);   // f32[N,32,32,3]: left to right</code></example>
    /// <exception cref="ShapeException">There is no such axis.</exception>
    public static Expr Flip(this Expr x, int axis) => Expr.Of(new Flip(x.Shape.Axis(axis, "flip")), x);
}
