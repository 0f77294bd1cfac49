using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>Lists the types of several values that are one: <see cref="Pack"/> lays them end to end, <see cref="Part"/> takes one. Equal by content.</summary>
[CollectionBuilder(typeof(Parts), nameof(Of))]
public readonly struct Parts : IEquatable<Parts>
{
    readonly TensorType[]? _types;

    Parts(TensorType[] types) => _types = types;

    /// <summary>Counts the values.</summary>
    public int Count => Types.Length;

    /// <summary>Gives the types.</summary>
    public ReadOnlySpan<TensorType> Types => _types;

    /// <summary>Gives one type.</summary>
    public TensorType this[int index] => Types[index];

    /// <summary>Gives the type of all values end to end. They are numbers of f64, which holds every value of any dtype as it is.</summary>
    public TensorType Whole
    {
        get
        {
            Extents size = 0;
            foreach (var type in Types)
            {
                if (!type.Shape.IsKnown)
                    return new(DType.F64, [new Dim($"size{this}")]); // a name of its own until its symbols are bound
                size += type.Shape.Size;
            }
            return size.Value <= int.MaxValue
                ? new(DType.F64, [size.Fit("shape", "the results of a scan")])
                : throw new ShapeException(
                    $"shape: the results of a scan hold at most {int.MaxValue} elements in all; got {this}. Store fewer of them."
                );
        }
    }

    /// <summary>Makes the list, for collection expressions.</summary>
    public static Parts Of(ReadOnlySpan<TensorType> types) => new(types.ToArray());

    /// <summary>Gives the place of a value's first element among all.</summary>
    public int Offset(int index)
    {
        Extents offset = 0;
        foreach (var type in Types[..index])
            offset += type.Shape.Size;
        return offset.Fit("part", $"the place of value {index} of {this}");
    }

    /// <summary>Lets a foreach see the types.</summary>
    public ReadOnlySpan<TensorType>.Enumerator GetEnumerator() => Types.GetEnumerator();

    /// <summary>Compares two lists by content.</summary>
    public static bool operator ==(Parts a, Parts b) => a.Equals(b);

    /// <summary>Compares two lists by content.</summary>
    public static bool operator !=(Parts a, Parts b) => !a.Equals(b);

    /// <inheritdoc/>
    public bool Equals(Parts other) => Types.SequenceEqual(other.Types);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Parts other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var type in Types)
            hash.Add(type);
        return hash.ToHashCode();
    }

    /// <summary>Prints the types: (f32[3], f32[10,3]).</summary>
    public override string ToString() => $"({string.Join(", ", _types ?? [])})";

    internal Parts Bind(IReadOnlyDictionary<string, int> binding) => Map(t => t with { Shape = t.Shape.Bind(binding) });

    internal Parts WithDType(DType to) => Map(t => t.DType.IsFloat() ? t with { DType = to } : t);

    Parts Map(Func<TensorType, TensorType> map) => new([.. (_types ?? []).Select(map)]);
}
