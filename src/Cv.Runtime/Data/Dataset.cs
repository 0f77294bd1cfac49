using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Holds labelled images as they are on disk: one byte a value, each image row-major height x width x channel, and one byte a label.
/// Immutable; parts of it share its memory.
/// </summary>
/// <example><code>
/// var (train, validation) = Mnist.Read(folder).Train.Split(55_000);
/// </code></example>
public sealed class Dataset
{
    readonly ReadOnlyMemory<byte> _images;
    readonly ReadOnlyMemory<byte> _labels;

    /// <summary>Makes a set of images and their labels.</summary>
    /// <param name="name">Names the set in messages.</param>
    /// <param name="sampleShape">The shape of one image: [height, width, channels].</param>
    /// <param name="images">The images, one after another; not to be changed any more, like the labels.</param>
    /// <param name="labels">A class for each image, counted from 0.</param>
    /// <param name="classNames">The classes' names, in order.</param>
    /// <exception cref="DataException">There is not one label for each image, or a label names no class.</exception>
    public Dataset(string name, Shape sampleShape, byte[] images, byte[] labels, ImmutableArray<string> classNames)
        : this(name, sampleShape, (ReadOnlyMemory<byte>)images, labels, classNames) { }

    Dataset(string name, Shape sampleShape, ReadOnlyMemory<byte> images, ReadOnlyMemory<byte> labels, ImmutableArray<string> classNames)
    {
        (Name, SampleShape, ClassNames) = (name, sampleShape, classNames);
        SampleSize = sampleShape.Size;
        (_images, _labels) = (images, labels);
        if (images.Length != (long)labels.Length * SampleSize)
            throw new DataException(
                $"{name}: expected {(long)labels.Length * SampleSize} bytes of images ({labels.Length} labels, {sampleShape} each), found {images.Length}. Give each image one label."
            );
        int bad = labels.Span.IndexOfAnyExceptInRange((byte)0, (byte)Math.Clamp(classNames.Length - 1, 0, byte.MaxValue));
        if (bad >= 0)
            throw new DataException(
                $"{name}: at label {bad}: expected a class from 0 to {classNames.Length - 1}, found {labels.Span[bad]}. Name every class?"
            );
    }

    /// <summary>Names the set in messages.</summary>
    public string Name { get; }

    /// <summary>Gives the shape of one image: [height, width, channels].</summary>
    public Shape SampleShape { get; }

    /// <summary>Counts the values of one image.</summary>
    public int SampleSize { get; }

    /// <summary>Names the classes, in the order of their labels.</summary>
    public ImmutableArray<string> ClassNames { get; }

    /// <summary>Counts the images.</summary>
    public int Count => _labels.Length;

    /// <summary>Gives every label, one byte each.</summary>
    public ReadOnlySpan<byte> Labels => _labels.Span;

    /// <summary>Gives the values of every image, one image after another.</summary>
    public ReadOnlySpan<byte> Images => _images.Span;

    /// <summary>Gives the values of the image at <paramref name="index"/>, row-major.</summary>
    public ReadOnlySpan<byte> Image(int index) => _images.Span.Slice(index * SampleSize, SampleSize);

    /// <summary>Gives the first <paramref name="count"/> images; shares the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The set has fewer images, or the count is negative.</exception>
    public Dataset Take(int count) => Slice(0, Within(count, nameof(count)));

    /// <summary>Gives the first <paramref name="count"/> images, and the rest; both share the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The set has fewer images, or the count is negative.</exception>
    public (Dataset First, Dataset Second) Split(int count) => (Slice(0, Within(count, nameof(count))), Slice(count, Count - count));

    /// <summary>Copies the images at the given places, in that order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A place is not in the set.</exception>
    public Dataset Subset(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var images = new byte[checked(indices.Count * SampleSize)];
        var labels = new byte[indices.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            int index = indices[i];
            if (index < 0 || index >= Count)
                throw new ArgumentOutOfRangeException(
                    nameof(indices),
                    index,
                    $"dataset: a place must be from 0 to {Count - 1}; {Name} has {Count} images. Take others."
                );
            Image(index).CopyTo(images.AsSpan(i * SampleSize));
            labels[i] = Labels[index];
        }
        return new(Name, SampleShape, images, labels, ClassNames);
    }

    /// <summary>Prints name, count and shape: mnist: 60000 x [28,28,1], 10 classes.</summary>
    public override string ToString() => $"{Name}: {Count} x {SampleShape}, {ClassNames.Length} classes";

    Dataset Slice(int start, int count) =>
        new(Name, SampleShape, _images.Slice(start * SampleSize, count * SampleSize), _labels.Slice(start, count), ClassNames);

    int Within(int count, string argument) =>
        count >= 0 && count <= Count
            ? count
            : throw new ArgumentOutOfRangeException(
                argument,
                count,
                $"dataset: a count must be from 0 to {Count}; {Name} has no more images. Take fewer."
            );
}

/// <summary>Holds what a model learns from, and what it is judged by.</summary>
/// <param name="Train">The images to learn from.</param>
/// <param name="Test">The images that training never sees.</param>
public sealed record TrainTest(Dataset Train, Dataset Test);
