using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>Holds the extents of a tensor, outermost first; the default value is the scalar shape. Equal by content.</summary>
/// <example><code>Shape images = ["N", 28, 28, 1];   // NHWC, as the course notes write them</code></example>
[CollectionBuilder(typeof(Shape), nameof(Of))]
public readonly struct Shape : IEquatable<Shape>
{
    readonly Dim[]? _dims;

    /// <summary>Gives the most dims that a shape may have: a set of axes is a bit each.</summary>
    public const int MostDims = 32;

    /// <summary>Makes a shape from its extents, outermost first; at most <see cref="MostDims"/>.</summary>
    /// <exception cref="ShapeException">There are more.</exception>
    public Shape(params ReadOnlySpan<Dim> dims)
    {
        if (dims.Length > MostDims)
            throw new ShapeException($"shape: a tensor has at most {MostDims} dims; got {dims.Length}. Merge some of them.");
        _dims = dims.IsEmpty ? null : dims.ToArray();
    }

    /// <summary>Gives the scalar shape: no dims, one element.</summary>
    public static Shape Scalar => default;

    /// <summary>Gives the extents, outermost first.</summary>
    public ReadOnlySpan<Dim> Dims => _dims;

    /// <summary>Counts the dims.</summary>
    public int Rank => _dims?.Length ?? 0;

    /// <summary>Tells whether every extent is a number.</summary>
    public bool IsKnown => _dims is null || Array.TrueForAll(_dims, d => d.IsKnown);

    /// <summary>Counts the elements.</summary>
    /// <exception cref="ShapeException">An extent is still a symbol, or the count passes 2^31 - 1.</exception>
    public int Size
    {
        get
        {
            long size = 1;
            foreach (var dim in Dims)
                size = Math.Min(size * dim.Value, int.MaxValue + 1L); // so that no product wraps, and a 0 makes it 0
            return size <= int.MaxValue
                ? (int)size
                : throw new ShapeException($"shape: a tensor holds at most {int.MaxValue} elements; got {this}.");
        }
    }

    /// <summary>Gives the extent at <paramref name="axis"/>, counted from 0.</summary>
    /// <exception cref="ShapeException">The shape has no such axis.</exception>
    public Dim this[int axis] => axis >= 0 && axis < Rank ? _dims![axis] : throw NoAxis(axis);

    /// <summary>Makes a shape from a list of extents, for collection expressions.</summary>
    public static Shape Of(ReadOnlySpan<Dim> dims) => new(dims);

    /// <summary>Makes a shape of known extents.</summary>
    public static Shape Of(IEnumerable<int> dims) => new([.. dims.Select(d => new Dim(d))]);

    /// <summary>Lets a collection expression and a foreach see the extents.</summary>
    public ReadOnlySpan<Dim>.Enumerator GetEnumerator() => Dims.GetEnumerator();

    /// <summary>Gives the extents as numbers.</summary>
    /// <exception cref="ShapeException">An extent is still a symbol.</exception>
    public int[] ToArray() => _dims is null ? [] : Array.ConvertAll(_dims, d => d.Value);

    /// <summary>Replaces the extent at <paramref name="axis"/>.</summary>
    /// <exception cref="ShapeException">The shape has no such axis.</exception>
    public Shape With(int axis, Dim dim)
    {
        if (axis < 0 || axis >= Rank)
            throw NoAxis(axis);
        Dim[] dims = [.. Dims];
        dims[axis] = dim;
        return new(dims);
    }

    /// <summary>Resolves an axis that may count from the end: -1 is the innermost.</summary>
    /// <exception cref="ShapeException">The shape has no such axis.</exception>
    public int Axis(int axis, string op) =>
        axis >= -Rank && axis < Rank
            ? (axis + Rank) % Rank
            : throw new ShapeException(
                Rank == 0
                    ? $"{op}: a scalar has no axis; got {axis}. Give it one first: Reshape(1)?"
                    : $"{op}: the axis must be one of {Rank} dims of {this}; got {axis}. Axes count from 0, or from -1 at the end."
            );

    ShapeException NoAxis(int axis) =>
        new($"shape: the axis must be one of {Rank} dims of {this}, counted from 0; got {axis}. Ask for one of them.");

    /// <summary>Replaces each symbol by the number bound to it; symbols without a binding stay.</summary>
    public Shape Bind(IReadOnlyDictionary<string, int> binding)
    {
        if (IsKnown)
            return this;
        return new(Array.ConvertAll(_dims!, d => d.Symbol is { } s && binding.TryGetValue(s, out int value) ? value : d));
    }

    /// <summary>Compares two shapes by content.</summary>
    public static bool operator ==(Shape a, Shape b) => a.Equals(b);

    /// <summary>Compares two shapes by content.</summary>
    public static bool operator !=(Shape a, Shape b) => !a.Equals(b);

    /// <inheritdoc/>
    public bool Equals(Shape other) => Dims.SequenceEqual(other.Dims);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var dim in Dims)
            hash.Add(dim);
        return hash.ToHashCode();
    }

    /// <summary>Prints the extents in brackets: [N,784], and [] for a scalar.</summary>
    public override string ToString() => $"[{string.Join(',', _dims ?? [])}]";
}
