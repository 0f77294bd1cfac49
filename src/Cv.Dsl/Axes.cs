using System.Globalization;
using System.Numerics;

namespace Cv.Dsl;

/// <summary>Holds a set of axes, equal by content; at most 32 of them.</summary>
/// <param name="Mask">One bit per axis; bit 0 is the outermost axis.</param>
public readonly record struct Axes(uint Mask)
{
    /// <summary>Counts the axes.</summary>
    public int Count => BitOperations.PopCount(Mask);

    /// <summary>Tells whether <paramref name="axis"/> belongs to the set.</summary>
    public bool Contains(int axis) => (Mask >> axis & 1) != 0;

    /// <summary>Reads a list of axes of <paramref name="shape"/>, negative ones from the end; an empty list is all of them.</summary>
    /// <exception cref="ShapeException">An axis is out of range or named twice.</exception>
    public static Axes Of(Shape shape, ReadOnlySpan<int> axes, string op)
    {
        if (axes.IsEmpty)
            return All(shape.Rank);
        uint mask = 0;
        foreach (int axis in axes)
        {
            uint bit = 1u << shape.Axis(axis, op);
            if ((mask & bit) != 0)
                throw new ShapeException($"{op}: each axis may be named once; got axis {axis} of {shape} twice. Drop one of them.");
            mask |= bit;
        }
        return new(mask);
    }

    /// <summary>Makes the set of one axis.</summary>
    /// <exception cref="ShapeException">No shape has such an axis.</exception>
    public static Axes Of(int axis) =>
        axis is >= 0 and < Shape.MostDims
            ? new(1u << axis)
            : throw new ShapeException($"axes: an axis must be from 0 to {Shape.MostDims - 1}; got {axis}. Count from the outermost, 0.");

    /// <summary>Gives the same axes of a shape with one more dim before the others.</summary>
    internal Axes BehindAnother() =>
        Contains(Shape.MostDims - 1)
            ? throw new ShapeException(
                $"axes: a tensor has at most {Shape.MostDims} dims; got {this} and one more before them. Merge some of them."
            )
            : new(Mask << 1);

    /// <summary>Gives all axes of a rank.</summary>
    public static Axes All(int rank) => new(rank >= 32 ? uint.MaxValue : (1u << rank) - 1);

    /// <summary>Lists the axes in ascending order.</summary>
    public IEnumerable<int> List()
    {
        for (uint rest = Mask; rest != 0; rest &= rest - 1)
            yield return BitOperations.TrailingZeroCount(rest);
    }

    /// <summary>Prints the set: {0,2}.</summary>
    public override string ToString() => $"{{{string.Join(',', List().Select(a => a.ToString(CultureInfo.InvariantCulture)))}}}";
}
