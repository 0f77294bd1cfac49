namespace Cv.Dsl;

/// <summary>Counts 0, 1, 2, ... along one axis. Costs no memory: kernels make the numbers as they run.</summary>
/// <param name="Type">The dtype, i32, f32 or f64, and the shape.</param>
/// <param name="Axis">The axis that is counted along.</param>
public sealed record Iota(TensorType Type, int Axis) : Leaf(Type)
{
    /// <inheritdoc/>
    public override string Attributes => $" axis {Axis}";

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        var dims = y.Shape.ToArray();
        var stride = new int[dims.Length];
        stride[Axis] = 1;
        int[] values = Layout.Offsets(dims, stride);
        for (int i = 0; i < result.Length; i++)
            result[i] = values[i];
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Iota([2, 3], 1), Expr.Iota([3, 2], 0, DType.F32)];
}

public sealed partial class Expr
{
    /// <summary>Makes a tensor whose elements are their own index along <paramref name="axis"/>; i32 unless said otherwise.</summary>
    /// <exception cref="ShapeException">The axis is not one of the shape's, or the dtype is bool.</exception>
    public static Expr Iota(Shape shape, int axis, DType dtype = DType.I32)
    {
        if (dtype == DType.Bool)
            throw new ShapeException("iota: the dtype must be a number's; got bool. Compare the count: Iota(shape, axis).EqualTo(0)?");
        return Of(new Iota(new(dtype, shape), shape.Axis(axis, "iota")));
    }
}
