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
public sealed class Dataset : Examples
{
    readonly ReadOnlyMemory<byte> _images;

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
        : base(name, sampleShape, labels, classNames)
    {
        _images = images;
        if (images.Length != (long)labels.Length * SampleSize)
            throw new DataException(
                $"{name}: expected {(long)labels.Length * SampleSize} bytes of images ({labels.Length} labels, {sampleShape} each), found {images.Length}. Give each image one label."
            );
        CheckLabels();
    }

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
        var labels = LabelsAt(indices);
        var images = new byte[checked(indices.Count * SampleSize)];
        for (int i = 0; i < labels.Length; i++)
            Image(indices[i]).CopyTo(images.AsSpan(i * SampleSize));
        return new(Name, SampleShape, images, labels, ClassNames);
    }

    /// <inheritdoc/>
    public override Examples Pick(IReadOnlyList<int> indices) => Subset(indices);

    /// <inheritdoc/>
    public override void CopyTo(int index, Span<float> target, Scaling? scaling = null) =>
        (scaling ?? Scaling.Unit).Apply(Image(index), target);

    private protected override void EachPiece(Action<ReadOnlySpan<byte>> take) => take(Images);

    Dataset Slice(int start, int count) =>
        new(Name, SampleShape, _images.Slice(start * SampleSize, count * SampleSize), LabelsOf(start, count), ClassNames);
}

/// <summary>Holds what a model learns from, and what it is judged by.</summary>
/// <param name="Train">The images to learn from.</param>
/// <param name="Test">The images that training never sees.</param>
public sealed record TrainTest(Dataset Train, Dataset Test);
