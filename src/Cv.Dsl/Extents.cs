using System.Globalization;

namespace Cv.Dsl;

/// <summary>
/// Counts what a shape rule adds and multiplies: extents, sizes, offsets, places. It computes in 64 bits, and each step is checked; only <see cref="Fit"/> turns the
/// result into an int, and refuses it in words where it is none.
/// </summary>
/// <param name="Value">The number.</param>
/// <example><code>int padded = (new Extents(low) + extent + high).Fit("pad", "the padded axis");</code></example>
public readonly record struct Extents(long Value)
{
    /// <summary>Prints the number.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads a number.</summary>
    public static implicit operator Extents(int value) => new(value);

    /// <summary>Reads a known dim.</summary>
    /// <exception cref="ShapeException">The dim is still a symbol.</exception>
    public static implicit operator Extents(Dim dim) => new(dim.Value);

    /// <summary>Adds.</summary>
    /// <exception cref="ShapeException">The sum passes 2^63 - 1.</exception>
    public static Extents operator +(Extents a, Extents b) => Of((Int128)a.Value + b.Value);

    /// <summary>Subtracts.</summary>
    /// <exception cref="ShapeException">The difference passes -2^63.</exception>
    public static Extents operator -(Extents a, Extents b) => Of((Int128)a.Value - b.Value);

    /// <summary>Multiplies.</summary>
    /// <exception cref="ShapeException">The product passes 2^63 - 1.</exception>
    public static Extents operator *(Extents a, Extents b) => Of((Int128)a.Value * b.Value);

    /// <summary>Counts the pieces of a length, at least 1, that cover all of so many: a quotient that is rounded up.</summary>
    public static Extents PiecesOf(Extents all, Extents length) => new(all.Value <= 0 ? 0 : (all.Value - 1) / length.Value + 1);

    /// <summary>Takes the larger.</summary>
    public Extents AtLeast(Extents least) => new(Math.Max(Value, least.Value));

    /// <summary>Multiplies the extents of dims: the number of elements. A dim of 0 makes it 0, however large the others are.</summary>
    /// <exception cref="ShapeException">A dim is still a symbol, or the product passes 2^63 - 1.</exception>
    public static Extents Product(ReadOnlySpan<Dim> dims)
    {
        bool isEmpty = false;
        foreach (var dim in dims)
            isEmpty |= dim.Value == 0;
        Extents product = isEmpty ? 0 : 1;
        if (!isEmpty)
            foreach (var dim in dims)
                product *= dim;
        return product;
    }

    /// <summary>Gives the number as an int.</summary>
    /// <param name="op">The op that counts, for the message.</param>
    /// <param name="what">What is counted, for the message: "the padded axis 0 of f32[4]".</param>
    /// <exception cref="ShapeException">It is negative, or passes 2^31 - 1.</exception>
    public int Fit(string op, string what) =>
        Value is >= 0 and <= int.MaxValue
            ? (int)Value
            : throw new ShapeException(
                $"{op}: {what} must be a number from 0 to {int.MaxValue}; got {Value.ToString(CultureInfo.InvariantCulture)}. Take smaller numbers, or cut the tensor."
            );

    static Extents Of(Int128 value) =>
        value >= long.MinValue && value <= long.MaxValue
            ? new((long)value)
            : throw new ShapeException(
                $"shape: a count must stay under 2^63; got {value.ToString(CultureInfo.InvariantCulture)}. Take smaller numbers, or cut the tensor."
            );
}
