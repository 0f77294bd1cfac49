using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Turns an image's bytes into the numbers a model sees: x / 255 - mean, where the mean, if any, was taken over training data alone.
/// Immutable; fit it on the training set, then apply the same one to every set.
/// </summary>
/// <remarks>
/// The quotient is x times 1/255 rounded to f32, which maps 0 to 0 and 255 to 1; the mean is exact before it is rounded to f32. So the
/// numbers are the same bits on every machine.
/// </remarks>
/// <example><code>
/// var scaling = Scaling.MeanImage(train);
/// using var batches = new Batches(test, 128, scaling);
/// </code></example>
public sealed class Scaling
{
    const float Reciprocal = 1f / 255;

    // one mean a value, also when all pixels of a channel share it: one loop serves every kind
    readonly float[]? _means;
    readonly string _text;

    Scaling(float[]? means, string text) => (_means, _text) = (means, text);

    /// <summary>Divides by 255: from bytes to 0 ... 1.</summary>
    public static Scaling Unit { get; } = new(null, "x / 255");

    /// <summary>Gives what is subtracted from each value of an image, row-major, after the division; empty when nothing is.</summary>
    public ReadOnlySpan<float> Means => _means;

    /// <summary>Divides by 255 and subtracts the mean image of the training set: each place gets mean 0 (CS231n notes, "Data Preprocessing").</summary>
    /// <exception cref="DataException">The set is empty.</exception>
    public static Scaling MeanImage(Dataset train) => new(Fit(train, kinds: null), "x / 255 - mean image");

    /// <summary>Divides by 255 and subtracts the mean of each channel, the innermost axis, over all images and places of the training set.</summary>
    /// <exception cref="DataException">The set is empty.</exception>
    public static Scaling ChannelMean(Dataset train)
    {
        ArgumentNullException.ThrowIfNull(train);
        return new(
            Fit(train, kinds: train.SampleShape.Rank == 0 ? 1 : train.SampleShape[train.SampleShape.Rank - 1].Value),
            "x / 255 - channel mean"
        );
    }

    /// <summary>Scales the bytes of one image into as many numbers.</summary>
    /// <exception cref="ShapeException">The lengths differ, or are not those of the images the mean was taken of.</exception>
    // at once in its best form: unoptimised vector code is fifty times slower, and a short run would be over before it is replaced
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(ReadOnlySpan<byte> image, Span<float> target)
    {
        if (image.Length != target.Length || (_means is not null && _means.Length != image.Length))
            throw new ShapeException(
                $"scaling: image, target and mean must have one length; got {image.Length}, {target.Length} and {(_means ?? []).Length}. Fit the scaling on images of this shape."
            );
        int width = Vector256<byte>.Count;
        if (image.Length < width)
        {
            for (int i = 0; i < image.Length; i++)
                target[i] = image[i] * Reciprocal - (_means is null ? 0 : _means[i]);
            return;
        }
        ref byte from = ref MemoryMarshal.GetReference(image);
        ref float to = ref MemoryMarshal.GetReference(target);
        // the last vector is moved back to end with the image; what it does twice comes out the same
        int last = image.Length - width;
        for (int i = 0; ; i = Math.Min(i + width, last))
        {
            var (low, high) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
            var (a, b) = Vector256.Widen(low);
            var (c, d) = Vector256.Widen(high);
            Store(a, ref to, i);
            Store(b, ref to, i + 8);
            Store(c, ref to, i + 16);
            Store(d, ref to, i + 24);
            if (i == last)
                return;
        }
    }

    /// <summary>Prints the formula.</summary>
    public override string ToString() => _text;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Store(Vector256<uint> bytes, ref float to, int at)
    {
        var scaled = Vector256.ConvertToSingle(bytes.AsInt32()) * Reciprocal;
        if (_means is not null)
            scaled -= Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_means), (nuint)at);
        scaled.StoreUnsafe(ref to, (nuint)at);
    }

    static float[] Fit(Dataset train, int? kinds)
    {
        ArgumentNullException.ThrowIfNull(train);
        if (train.Count == 0 || train.SampleSize == 0)
            throw new DataException($"{train.Name}: expected images to take the mean of, found none. Fit the scaling on the training set.");
        var sums = new long[train.SampleSize];
        for (int image = 0; image < train.Count; image++)
        {
            var bytes = train.Image(image);
            for (int i = 0; i < sums.Length; i++)
                sums[i] += bytes[i];
        }
        int period = kinds ?? sums.Length;
        double images = (double)train.Count * (sums.Length / period);
        var totals = new long[period];
        for (int i = 0; i < sums.Length; i++)
            totals[i % period] += sums[i];
        return [.. Enumerable.Range(0, sums.Length).Select(i => (float)(totals[i % period] / (images * 255)))];
    }
}
