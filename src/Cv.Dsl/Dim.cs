using System.Globalization;

namespace Cv.Dsl;

/// <summary>Holds one extent of a shape: a number, or a named symbol such as "N" that is bound when the graph is compiled.</summary>
/// <example><code>Shape s = new("N", 784);   // the batch is symbolic, the pixels are not</code></example>
public readonly struct Dim : IEquatable<Dim>
{
    readonly int _value;

    /// <summary>Makes a known extent of <paramref name="value"/> elements (at least 0).</summary>
    /// <exception cref="ShapeException">The value is negative.</exception>
    public Dim(int value)
    {
        if (value < 0)
            throw new ShapeException(
                $"shape: a dim must be at least 0; got {value}. Name a symbol such as \"N\" for an extent that is not known yet."
            );
        _value = value;
    }

    /// <summary>Makes a symbolic extent: equal symbols are equal extents.</summary>
    /// <exception cref="ShapeException">The symbol is empty or starts with a digit.</exception>
    public Dim(string symbol)
    {
        if (string.IsNullOrWhiteSpace(symbol) || !char.IsLetter(symbol[0]))
            throw new ShapeException($"shape: a symbolic dim needs a name that starts with a letter; got \"{symbol}\". Write \"N\", say.");
        Symbol = symbol;
    }

    /// <summary>Gives the symbol's name, or null when the extent is a number.</summary>
    public string? Symbol { get; }

    /// <summary>Tells whether the extent is a number.</summary>
    public bool IsKnown => Symbol is null;

    /// <summary>Gives the extent.</summary>
    /// <exception cref="ShapeException">The dim is still a symbol.</exception>
    public int Value =>
        Symbol is null
            ? _value
            : throw new ShapeException(
                $"shape: a dim must be a number where its extent is asked for; got \"{Symbol}\". Bind it: .Bind(...), or by the call of a compiled function."
            );

    /// <summary>Tells whether this is the number 1, the extent that broadcasts.</summary>
    public bool IsOne => Symbol is null && _value == 1;

    /// <summary>Reads a number as a known extent.</summary>
    public static implicit operator Dim(int value) => new(value);

    /// <summary>Reads a string as a symbol.</summary>
    public static implicit operator Dim(string symbol) => new(symbol);

    /// <summary>Compares two extents.</summary>
    public static bool operator ==(Dim a, Dim b) => a.Equals(b);

    /// <summary>Compares two extents.</summary>
    public static bool operator !=(Dim a, Dim b) => !a.Equals(b);

    /// <inheritdoc/>
    public bool Equals(Dim other) => _value == other._value && Symbol == other.Symbol;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Dim other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_value, Symbol);

    /// <summary>Prints the number or the symbol.</summary>
    public override string ToString() => Symbol ?? _value.ToString(CultureInfo.InvariantCulture);
}
