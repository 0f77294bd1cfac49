using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Classifies an example as most of its k nearest training examples are (CS231n notes, "Nearest Neighbor Classifier"; T. Cover, P. Hart, "Nearest Neighbor Pattern
/// Classification", 1967). Training is keeping the examples. Distances are compiled and made block by block: of N x M pairs with D numbers each, a block's B x M distances
/// are in memory, never a difference. The same result on every run and thread count.
/// </summary>
/// <example><code>
/// var neighbours = new NearestNeighbours(train, Distance.L1).Find(test, k: 20);
/// double one = neighbours.Accuracy(1), twenty = neighbours.Accuracy(20);   // distances are computed once
/// </code></example>
public sealed class NearestNeighbours
{
    const int QueryRows = 500;

    readonly Examples _train;
    readonly Scaling? _scaling;
    readonly Distance _distance;
    readonly CompiledFunction _distances;
    readonly int _blockRows;

    /// <summary>Keeps the training examples.</summary>
    /// <param name="train">Images, which are scaled by <paramref name="scaling"/>, or features.</param>
    /// <param name="distance">Says what near is; <see cref="Distance.L2"/> unless given.</param>
    /// <param name="scaling">Turns bytes into numbers, of these and the examples asked about; <see cref="Scaling.Unit"/> unless given. Features take none.</param>
    /// <param name="options">Says how the distances are compiled.</param>
    /// <exception cref="DataException">There are no training examples.</exception>
    /// <exception cref="ShapeException">The distance's graph does not give f32[B,M], or the scaling does not fit.</exception>
    public NearestNeighbours(Examples train, Distance? distance = null, Scaling? scaling = null, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        (_train, _scaling, _distance) = (train, scaling, distance ?? Distance.L2);
        if (train.Count == 0)
            throw new DataException($"{train.Name}: expected training examples, found none. Take more of the set.");
        int size = train.SampleSize;
        var query = Expr.Input("query", ["B", size]);
        var rows = Expr.Input("train", ["M", size]);
        var distances = _distance.Between(query, rows);
        if (distances.Type != new TensorType(DType.F32, ["B", "M"]))
            throw new ShapeException(
                $"nearest neighbours: a distance must give those of all pairs, f32[B,M]; {_distance.Name} gave {distances.Type}. Fold the features' axis."
            );
        _distances = Compile.Function(new Graph(distances), options);
        _blockRows = Math.Clamp(_distance.BlockBytes / (sizeof(float) * Math.Max(1, size)), 1, Math.Min(4096, train.Count));
    }

    /// <summary>Finds the k nearest training examples of each example, nearest first; of equally near ones, the first in the training set.</summary>
    /// <param name="examples">What is asked about: examples of the training examples' size.</param>
    /// <param name="k">How many neighbours, from 1 to the count of training examples.</param>
    /// <param name="progress">Hears the done part of the work, 0 to 1.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="ShapeException">The examples have another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">k is less than 1, or more than there are training examples.</exception>
    /// <exception cref="DataException">An example has fewer than k training examples at a finite distance.</exception>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public Neighbours Find(Examples examples, int k, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, _train.Count);
        if (examples.SampleSize != _train.SampleSize)
            throw new ShapeException(
                $"nearest neighbours: examples must have the training examples' size; got {examples} for {_train}. Make both in the same way."
            );
        var nearest = new NearestSoFar(examples.Count, k);
        var queries = Blocks(examples, QueryRows).ToList();
        foreach (var (start, rows) in Blocks(_train, _blockRows))
        {
            foreach (var (first, query) in queries)
            {
                cancellation.ThrowIfCancellationRequested();
                using var distances = _distances.Call(new Binding("query", query), new Binding("train", rows))[0];
                nearest.Add(distances, first, start);
            }
            rows.Dispose();
            progress?.Report((double)Math.Min(_train.Count, start + _blockRows) / _train.Count);
        }
        foreach (var (_, query) in queries)
            query.Dispose();
        if (nearest.FirstIncomplete() is { } place)
            throw new DataException(
                $"{examples.Name}: at example {place}: expected {k} training examples at a finite {_distance.Name} distance, found fewer. Look for NaN or infinity in the numbers."
            );
        return new(_train, examples, k, nearest.Places, nearest.Finished(_distance.Finish));
    }

    /// <summary>Classifies each example as most of its k nearest training examples are; of classes with as many, the smaller one.</summary>
    /// <inheritdoc cref="Find"/>
    public int[] Predict(Examples examples, int k = 1) => Find(examples, k).Predict(k);

    /// <summary>Gives the fraction of examples that their k nearest training examples classify rightly, 0 to 1.</summary>
    /// <inheritdoc cref="Find"/>
    public double Accuracy(Examples examples, int k = 1) => Find(examples, k).Accuracy(k);

    // all blocks but the last have one size, so that there are two to compile for
    IEnumerable<(int Start, Tensor Rows)> Blocks(Examples examples, int size)
    {
        for (int start = 0; start < examples.Count; start += size)
        {
            int count = Math.Min(size, examples.Count - start);
            var rows = Tensor.Uninitialised([count, examples.SampleSize]);
            for (int i = 0; i < count; i++)
                examples.CopyTo(start + i, rows.AsSpan<float>().Slice(i * examples.SampleSize, examples.SampleSize), _scaling);
            yield return (start, rows);
        }
    }
}
