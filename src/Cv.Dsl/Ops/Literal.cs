using System.Globalization;

namespace Cv.Dsl;

/// <summary>Holds a constant array. Equal by content.</summary>
public sealed record Literal : Leaf
{
    readonly double[] _values;
    readonly int _hash;

    internal Literal(TensorType type, double[] values)
        : base(type)
    {
        _values = values;
        var hash = new HashCode();
        hash.Add(type);
        foreach (double value in values)
            hash.Add(BitConverter.DoubleToInt64Bits(value));
        _hash = hash.ToHashCode();
    }

    /// <summary>Gives the elements, row-major.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <inheritdoc/>
    public override string Attributes => $" {_values.Length} values";

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) => Values.CopyTo(result);

    /// <inheritdoc/>
    public bool Equals(Literal? other) => other is not null && _hash == other._hash && Type == other.Type && SameBits(Values, other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Literal([2, 3], [1, 2, 3, 4, 5, 6.5])];

    static bool SameBits(ReadOnlySpan<double> a, ReadOnlySpan<double> b) =>
        System
            .Runtime.InteropServices.MemoryMarshal.Cast<double, long>(a)
            .SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.Cast<double, long>(b));
}

public sealed partial class Expr
{
    /// <summary>Makes a constant array of the given shape from its elements, row-major; f32 unless said otherwise.</summary>
    /// <exception cref="ShapeException">A dim is symbolic, the number of elements is not the shape's, or one is no value of the dtype.</exception>
    public static Expr Literal(Shape shape, double[] values, DType dtype = DType.F32)
    {
        if (!shape.IsKnown)
            throw new ShapeException($"literal: every dim must be known; got {shape}. Only inputs may have symbolic dims.");
        if (values.Length != shape.Size)
            throw new ShapeException(
                $"literal: the number of elements must be the shape's; got {values.Length} for {shape} ({shape.Size}). Give one number per element."
            );
        int wrong = Array.FindIndex(values, v => !dtype.Holds(v));
        if (wrong >= 0)
            throw new ShapeException(
                $"literal: each number must be a value of its dtype; got {values[wrong].ToString(CultureInfo.InvariantCulture)} for {dtype.Text()} at {wrong}. Give whole numbers, or DType.F32."
            );
        return Of(new Literal(new(dtype, shape), Array.ConvertAll(values, v => dtype == DType.F32 ? (double)(float)v : v)));
    }
}
