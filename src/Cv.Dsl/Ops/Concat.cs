using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Joins tensors along one axis; all other dims must agree.</summary>
/// <param name="Axis">The axis along which they follow each other.</param>
public sealed record Concat(int Axis) : Op
{
    /// <inheritdoc/>
    public override string Attributes => $" axis {Axis}";

    /// <summary>Adds up the extents of the axis.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var type = Elementwise.SameDType(Name, operands);
        Extents sum = 0;
        foreach (var operand in operands)
        {
            if (operand.Shape.Rank != operands[0].Shape.Rank || operand.Shape.With(Axis, 1) != operands[0].Shape.With(Axis, 1))
                throw new ShapeException(
                    $"{Name}: all dims but axis {Axis} must agree; got {operands[0]} and {operand}. Reshape, pad or slice one of them."
                );
            if (!operand.Shape[Axis].IsKnown)
                throw new ShapeException(
                    $"{Name}: the axis must have a known extent; got axis {Axis} of {operand}. Give the dim a number to join along it."
                );
            sum += operand.Shape[Axis];
        }
        return new(
            type,
            operands[0].Shape.With(Axis, sum.Fit(Name, $"axis {Axis} of {operands.Length} tensors such as {operands[0]}, joined,"))
        );
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        int[] to = y.Shape.ToArray(),
            strides = Layout.Strides(to);
        for (int i = 0, start = 0; i < operands.Length; i++)
        {
            int[] dims = y.Operands[i].Shape.ToArray(),
                at = Layout.Offsets(dims, strides, start);
            for (int j = 0; j < at.Length; j++)
                result[at[j]] = operands[i][j];
            start += dims[Axis] * strides[Axis];
        }
    }

    /// <summary>Cuts the cotangent at the seams.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var parts = ImmutableArray.CreateBuilder<Expr?>(y.Operands.Length);
        int start = 0;
        foreach (var operand in y.Operands)
        {
            int count = operand.Shape[Axis].Value;
            parts.Add(dy.Slice(Axis, start, count));
            start += count;
        }
        return parts.MoveToImmutable();
    }

    /// <summary>Joins the tangents, zeros for what stays.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) =>
        y.With([.. tangents.Select((dx, i) => dx ?? y.Like(0).BroadcastTo(y.Operands[i].Shape))]);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0 ? mask : Vjp(y, mask.BroadcastTo(y.Shape))[operand];

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask)
    {
        int before = 0;
        for (int i = 0; i < operand; i++)
            before += y.Operands[i].Shape[Axis].Value;
        var shape = y.Operands[operand].Shape;
        return Mask.Full(mask, shape).Pad(Axis, before, y.Shape[Axis].Value - before - shape[Axis].Value);
    }

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this with { Axis = Axis + 1 }, Batching.All(operands, batched));

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => y.Operands is [var only] ? only : null; // one tensor is itself

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() =>
        [
            Expr.Concat(1, Expr.Input("a", [2, 3]), Expr.Input("b", [2, 1])),
            Expr.Concat(0, Expr.Input("a", [2, 3]), Expr.Input("c", [1, 3])),
        ];
}

public sealed partial class Expr
{
    /// <summary>Joins tensors along <paramref name="axis"/>; all other dims must agree.</summary>
    /// <exception cref="ShapeException">No tensor is given, or dims or dtypes differ.</exception>
    public static Expr Concat(int axis, params Expr[] tensors)
    {
        if (tensors.Length == 0)
            throw new ShapeException("concat: there must be at least one tensor; got none. Give the tensors to join.");
        return Of(new Concat(tensors[0].Shape.Axis(axis, "concat")), tensors);
    }
}
