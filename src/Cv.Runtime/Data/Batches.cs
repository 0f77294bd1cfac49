using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Cuts a data set into mini-batches, of images scaled or of features as they are. With a seed, every epoch has an order of its own that depends on seed, epoch and count
/// alone; without, the order is the data set's. Any batch of any epoch can be made at any time, again and again. The last batch holds what
/// is left, and may be short. Two tensors are filled anew for each batch, so nothing is allocated. For one thread at a time.
/// </summary>
/// <example><code>
/// using var batches = new Batches(train, size: 128, Scaling.Unit, seed: 1, sampleShape: [784]);
/// foreach (var batch in batches.Epoch(1))
///     step.Call(state, batch.Inputs());
/// </code></example>
public sealed class Batches : IDisposable
{
    readonly int[] _order;
    readonly Batch _full;
    readonly Batch _last;
    readonly RandomStream? _shuffle;
    int _orderedFor = -1;

    /// <summary>Prepares batches of a data set; nothing is scaled before it is asked for.</summary>
    /// <param name="data">The images or features, and their labels.</param>
    /// <param name="size">The images in each batch but the last.</param>
    /// <param name="scaling">Turns bytes into numbers; <see cref="Scaling.Unit"/> unless given. Features take none.</param>
    /// <param name="seed">Chooses the orders; none keeps the data set's order.</param>
    /// <param name="sampleShape">One image's shape as the model takes it: the data set's own unless given; [784] makes rows of 28 x 28 x 1.</param>
    /// <exception cref="DataException">The data set is empty.</exception>
    /// <exception cref="ShapeException">The shape does not hold one image, or the scaling is for images of another size, or for features.</exception>
    public Batches(Examples data, int size, Scaling? scaling = null, ulong? seed = null, Shape? sampleShape = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        (Data, Scaling) = (data, scaling ?? (data is Dataset ? Scaling.Unit : null));
        SampleShape = sampleShape ?? data.SampleShape;
        Size = Math.Min(size, data.Count);
        if (data.Count == 0)
            throw new DataException($"{data.Name}: expected at least one image, found none. Take more of the set.");
        if (!SampleShape.IsKnown || SampleShape.Size != data.SampleSize)
            throw new ShapeException(
                $"batches: the sample shape must hold one image; got {SampleShape} for {data}. Give a shape of {data.SampleSize} elements."
            );
        if (Scaling is not null && data is Features)
            throw new ShapeException(
                $"batches: a scaling turns bytes into numbers; got {Scaling} for {data}, which are numbers. Leave it out, or use Standardisation."
            );
        if (Scaling?.Means.Length is { } means && means != 0 && means != data.SampleSize)
            throw new ShapeException(
                $"batches: the scaling must be for images of the same size; got means of {means} values for {data}. Fit it on the training set of this data."
            );
        Count = (data.Count + Size - 1) / Size;
        Seed = seed;
        _shuffle = seed is { } s ? new RandomStream(s, "shuffle") : null;
        _order = [.. Enumerable.Range(0, data.Count)];

        var x = Tensor.Zeros([Size, .. SampleShape]);
        var labels = Tensor.Zeros([Size], DType.I32);
        int rest = data.Count - (Count - 1) * Size;
        _full = new(x, labels);
        _last = rest == Size ? _full : new(x.First(rest), labels.First(rest));
    }

    /// <summary>Gives the images or features, and their labels.</summary>
    public Examples Data { get; }

    /// <summary>Says how bytes become numbers; null for features, which are numbers.</summary>
    public Scaling? Scaling { get; }

    /// <summary>Gives one image's shape as the model takes it.</summary>
    public Shape SampleShape { get; }

    /// <summary>Counts the images in each batch but the last: as asked for, or the whole set if that is smaller.</summary>
    public int Size { get; }

    /// <summary>Counts the batches of an epoch, a short last one included.</summary>
    public int Count { get; }

    /// <summary>Gives what the orders are drawn from; null where they are the data set's.</summary>
    public ulong? Seed { get; }

    /// <summary>
    /// Makes the batch at <paramref name="index"/>, from 0, of an epoch: always the same numbers. Valid until the next batch is made.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch, or the epoch is negative.</exception>
    /// <exception cref="ObjectDisposedException">The batches were disposed.</exception>
    public Batch Get(int epoch, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        Order(epoch);
        var batch = index == Count - 1 ? _last : _full;
        using var x = new Tensor.Use(batch.X);
        using var labels = new Tensor.Use(batch.Labels);
        var places = _order.AsSpan(index * Size, batch.Count);
        var values = batch.X.AsSpan<float>();
        var classes = batch.Labels.AsSpan<int>();
        for (int i = 0; i < places.Length; i++)
        {
            Data.CopyTo(places[i], values.Slice(i * Data.SampleSize, Data.SampleSize), Scaling);
            classes[i] = Data.Labels[places[i]];
        }
        return batch;
    }

    /// <summary>Makes the batches of an epoch one by one, each valid until the next; counted from 1 as the trainer does.</summary>
    public IEnumerable<Batch> Epoch(int epoch)
    {
        for (int index = 0; index < Count; index++)
            yield return Get(epoch, index);
    }

    /// <summary>Gives the tensors' memory back.</summary>
    public void Dispose()
    {
        foreach (var batch in (ReadOnlySpan<Batch>)[_full, _last])
        {
            batch.X.Dispose();
            batch.Labels.Dispose();
        }
    }

    // Shuffled from the identity, so that no epoch depends on another.
    void Order(int epoch)
    {
        if (_shuffle is not { } random || epoch == _orderedFor)
            return;
        for (int i = 0; i < _order.Length; i++)
            _order[i] = i;
        random.Shuffle<int>(_order, (long)epoch << 32);
        _orderedFor = epoch;
    }
}
