using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Turns an image's bytes into the numbers a model sees: x / 255 - mean, or (x / 255 - mean) / deviation, where mean and deviation, if any, were taken
/// over training data alone. Immutable; fit it on the training set, then apply the same one to every set.
/// </summary>
/// <remarks>
/// The quotient is x times 1/255 rounded to f32, which maps 0 to 0 and 255 to 1; mean and variance are exact before they are rounded. So the
/// numbers are the same bits on every machine. Division by the deviation is the product with its reciprocal.
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
    readonly float[]? _factors;
    readonly string _text;

    Scaling(float[]? means, string text, float[]? factors = null) => (_means, _factors, _text) = (means, factors, text);

    /// <summary>Divides by 255: from bytes to 0 ... 1.</summary>
    public static Scaling Unit { get; } = new(null, "x / 255");

    /// <summary>Gives what is subtracted from each value of an image, row-major, after the division; empty when nothing is.</summary>
    public ReadOnlySpan<float> Means => _means;

    /// <summary>Gives what each value is multiplied by at last, row-major: 1 / deviation; empty when nothing is.</summary>
    public ReadOnlySpan<float> Factors => _factors;

    /// <summary>Divides by 255 and subtracts the mean image of the training set: each place gets mean 0 (CS231n notes, "Data Preprocessing").</summary>
    /// <exception cref="DataException">The set is empty.</exception>
    public static Scaling MeanImage(Dataset train) => new(Fit(train, kinds: null), "x / 255 - mean image");

    /// <summary>Divides by 255 and subtracts the mean of each channel, the innermost axis, over all images and places of the training set.</summary>
    /// <exception cref="DataException">The set is empty.</exception>
    public static Scaling ChannelMean(Dataset train) => new(Fit(train, Channels(train)), "x / 255 - channel mean");

    /// <summary>
    /// Divides by 255, subtracts the mean of each channel over all images and places of the training set, and divides by the channel's standard deviation
    /// there: each channel gets mean 0 and variance 1 (CS231n notes, "Data Preprocessing"). A channel that never changes becomes 0.
    /// </summary>
    /// <exception cref="DataException">The set is empty.</exception>
    /// <example><code>using var batches = new Batches(train, 128, Scaling.ChannelMeanAndDeviation(train), seed: 1);</code></example>
    public static Scaling ChannelMeanAndDeviation(Dataset train)
    {
        var means = Fit(train, Channels(train));
        return new(means, "(x / 255 - channel mean) / channel deviation", Reciprocals(train, Channels(train)));
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
                target[i] = (image[i] * Reciprocal - (_means is null ? 0 : _means[i])) * (_factors is null ? 1 : _factors[i]);
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
        if (_factors is not null)
            scaled *= Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(_factors), (nuint)at);
        scaled.StoreUnsafe(ref to, (nuint)at);
    }

    static int Channels(Dataset train)
    {
        ArgumentNullException.ThrowIfNull(train);
        return train.SampleShape.Rank == 0 ? 1 : train.SampleShape[train.SampleShape.Rank - 1].Value;
    }

    static float[] Reciprocals(Dataset train, int channels)
    {
        var sums = new long[channels];
        var squares = new long[channels];
        var bytes = train.Images;
        for (int i = 0; i < bytes.Length; i += channels)
        for (int channel = 0; channel < channels; channel++)
        {
            int value = bytes[i + channel];
            sums[channel] += value;
            squares[channel] += value * value;
        }
        Int128 count = bytes.Length / channels;
        return [.. Enumerable.Range(0, train.SampleSize).Select(i => Factor(i % channels))];

        // count^2 times the variance is a whole number
        float Factor(int channel) =>
            count * squares[channel] - (Int128)sums[channel] * sums[channel] is var spread && spread == 0
                ? 1
                : (float)(255 * (double)count / Math.Sqrt((double)spread));
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
