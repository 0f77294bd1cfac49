using System.Globalization;

namespace Cv.Dsl;

/// <summary>Holds one number; it broadcasts to any shape. Equal by its bits, so that 0 and -0 stay apart and NaN equals itself.</summary>
/// <param name="Value">The number.</param>
/// <param name="DType">The element type; the value is rounded to it.</param>
public sealed record Const(double Value, DType DType) : Leaf(new TensorType(DType, Shape.Scalar))
{
    /// <inheritdoc/>
    public override string Attributes =>
        " "
        + (
            DType == DType.F32
                ? ((float)Value).ToString("R", CultureInfo.InvariantCulture)
                : Value.ToString("R", CultureInfo.InvariantCulture)
        );

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) => result.Fill(Value);

    /// <inheritdoc/>
    public bool Equals(Const? other) =>
        other is not null && DType == other.DType && BitConverter.DoubleToInt64Bits(Value) == BitConverter.DoubleToInt64Bits(other.Value);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(BitConverter.DoubleToInt64Bits(Value), DType);

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Const(2.5).BroadcastTo([2, 3])];
}

public sealed partial class Expr
{
    /// <summary>Makes a scalar constant of shape [].</summary>
    /// <exception cref="ShapeException">The value has a fraction or is out of range, and the dtype is i32; or the dtype is bool and the value is not 0 or 1.</exception>
    public static Expr Const(double value, DType dtype = DType.F32)
    {
        double rounded = dtype == DType.F32 ? (double)(float)value : value;
        if (!dtype.Holds(value))
            throw new ShapeException(
                $"const: a constant must be a value of its dtype; got {value.ToString(CultureInfo.InvariantCulture)} for {dtype.Text()}. Cast the tensor: .Cast(DType.F32)?"
            );
        return Of(new Const(rounded, dtype));
    }
}

public static partial class Verbs
{
    /// <summary>Makes a scalar constant with the dtype of <paramref name="x"/>.</summary>
    public static Expr Like(this Expr x, double value) => Expr.Const(value, x.DType);
}
