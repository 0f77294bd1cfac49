using System.Globalization;

namespace Cv.Dsl;

/// <summary>Holds a list of numbers as an op's attribute, equal by content (an ImmutableArray compares by reference).</summary>
public readonly struct Ints : IEquatable<Ints>
{
    readonly int[]? _values;

    /// <summary>Makes the list.</summary>
    public Ints(params ReadOnlySpan<int> values) => _values = values.ToArray();

    /// <summary>Counts the numbers.</summary>
    public int Count => _values?.Length ?? 0;

    /// <summary>Gives the numbers.</summary>
    public ReadOnlySpan<int> Span => _values;

    /// <summary>Gives one number.</summary>
    public int this[int index] => _values![index];

    /// <summary>Compares two lists by content.</summary>
    public static bool operator ==(Ints a, Ints b) => a.Equals(b);

    /// <summary>Compares two lists by content.</summary>
    public static bool operator !=(Ints a, Ints b) => !a.Equals(b);

    /// <inheritdoc/>
    public bool Equals(Ints other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Ints other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int value in Span)
            hash.Add(value);
        return hash.ToHashCode();
    }

    /// <summary>Prints the list: (1,0,2).</summary>
    public override string ToString() => $"({string.Join(',', (_values ?? []).Select(v => v.ToString(CultureInfo.InvariantCulture)))})";
}
