using System.Collections.Immutable;
using System.Security.Cryptography;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Holds examples with a class each, in memory: images as bytes (<see cref="Dataset"/>), or numbers made of them (<see cref="Features"/>). What takes
/// either, such as <see cref="Batches"/>, takes this. Immutable.
/// </summary>
/// <example><code>
/// using var batches = new Batches(examples, size: 128, seed: 1);   // a Dataset or Features
/// </code></example>
public abstract class Examples
{
    readonly ReadOnlyMemory<byte> _labels;
    readonly Lazy<string> _digest;

    private protected Examples(string name, Shape sampleShape, ReadOnlyMemory<byte> labels, ImmutableArray<string> classNames)
    {
        (Name, SampleShape, ClassNames) = (name, sampleShape, classNames);
        SampleSize = sampleShape.Size;
        _labels = labels;
        _digest = new(Sum);
    }

    /// <summary>Names the set in messages.</summary>
    public string Name { get; }

    /// <summary>Gives the shape of one example: [height, width, channels] of an image, [features] of a row.</summary>
    public Shape SampleShape { get; }

    /// <summary>Counts the values of one example.</summary>
    public int SampleSize { get; }

    /// <summary>Names the classes, in the order of their labels.</summary>
    public ImmutableArray<string> ClassNames { get; }

    /// <summary>Counts the examples.</summary>
    public int Count => _labels.Length;

    /// <summary>Gives every label, one byte each.</summary>
    public ReadOnlySpan<byte> Labels => _labels.Span;

    /// <summary>Copies the examples at the given places, in that order, into a set of the same kind.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A place is not in the set.</exception>
    public abstract Examples Pick(IReadOnlyList<int> indices);

    /// <summary>
    /// Writes the example at <paramref name="index"/> as f32, row-major. Bytes are scaled, by <see cref="Scaling.Unit"/> unless said; features are what
    /// they are, and take no scaling.
    /// </summary>
    /// <exception cref="ShapeException">The target does not hold one example, or the scaling is not for it.</exception>
    public abstract void CopyTo(int index, Span<float> target, Scaling? scaling = null);

    /// <summary>Prints name, count and shape: mnist: 60000 x [28,28,1], 10 classes.</summary>
    public override string ToString() => $"{Name}: {Count} x {SampleShape}, {ClassNames.Length} classes";

    /// <summary>Gives the SHA-256 of labels and values: it tells sets apart that agree in name, count and shape.</summary>
    internal string Digest => _digest.Value;

    /// <summary>Hands over the bytes of every value, piece by piece.</summary>
    private protected abstract void EachPiece(Action<ReadOnlySpan<byte>> take);

    string Sum()
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sum.AppendData(Labels);
        EachPiece(sum.AppendData);
        return Convert.ToHexStringLower(sum.GetHashAndReset());
    }

    private protected ReadOnlyMemory<byte> LabelsOf(int start, int count) => _labels.Slice(start, count);

    private protected byte[] LabelsAt(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var labels = new byte[indices.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            int index = indices[i];
            if (index < 0 || index >= Count)
                throw new ArgumentOutOfRangeException(
                    nameof(indices),
                    index,
                    $"dataset: a place must be from 0 to {Count - 1}; {Name} has {Count} examples. Take others."
                );
            labels[i] = Labels[index];
        }
        return labels;
    }

    private protected int Within(int count, string argument) =>
        count >= 0 && count <= Count
            ? count
            : throw new ArgumentOutOfRangeException(
                argument,
                count,
                $"dataset: a count must be from 0 to {Count}; {Name} has no more examples. Take fewer."
            );

    private protected void CheckLabels()
    {
        int bad = Labels.IndexOfAnyExceptInRange((byte)0, (byte)Math.Clamp(ClassNames.Length - 1, 0, byte.MaxValue));
        if (bad >= 0)
            throw new DataException(
                $"{Name}: at label {bad}: expected a class from 0 to {ClassNames.Length - 1}, found {Labels[bad]}. Name every class?"
            );
    }
}
