using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Holds clusters of data: K centroids, each the mean of the rows that are nearer to it than to the others. Found by Lloyd's algorithm ("Least Squares Quantization in PCM",
/// 1982) from k-means++ seeds (D. Arthur, S. Vassilvitskii, 2007). Assignment, sums and means are compiled; the same result on every run and thread count.
/// </summary>
/// <example><code>
/// var words = KMeans.Fit(patches, clusters: 100, seed: 1);
/// int[] ofEach = words.Assign(patches);
/// </code></example>
public sealed class KMeans
{
    const int BatchRows = 1000;

    KMeans(Tensor centroids, ImmutableArray<double> inertia) => (Centroids, Inertia) = (centroids, inertia);

    /// <summary>Gives the centroids, f32[K,D]. Only to be read.</summary>
    public Tensor Centroids { get; }

    /// <summary>
    /// Gives the mean squared distance of rows to their centroids before each move; it never rises, but for rounding. Fewer moves than were allowed tell that the centroids
    /// came to rest.
    /// </summary>
    public ImmutableArray<double> Inertia { get; }

    /// <summary>Counts the moves of the centroids.</summary>
    public int Iterations => Inertia.Length;

    /// <summary>Finds clusters: seeds, then moves every centroid to the mean of its rows until none moves, or as often as allowed. One without rows stays where it is.</summary>
    /// <param name="data">The rows, of any shape; D is the number of values of each.</param>
    /// <param name="clusters">K, from 1 to the number of rows.</param>
    /// <param name="seed">Chooses the first centroids.</param>
    /// <param name="iterations">The most moves.</param>
    /// <exception cref="ArgumentOutOfRangeException">The clusters are fewer than 1 or more than the rows, or no move is allowed.</exception>
    /// <exception cref="DataException">A number is not finite.</exception>
    public static KMeans Fit(Features data, int clusters, ulong seed, int iterations = 50)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(clusters, data.Count);
        int size = data.SampleSize;
        var x = Expr.Input("x", ["N", size]);
        var centroids = Expr.State("centroids", [clusters, size]);
        var sums = Expr.State("sums", [clusters, size], dtype: DType.F64);
        var counts = Expr.State("counts", [clusters, 1], dtype: DType.F64);
        var inertia = Expr.State("inertia", [], dtype: DType.F64);

        var distances = SquaredDistances(x, centroids);
        var belongs = (-distances).ArgMax(1).OneHot(clusters);
        var assign = Compile.Function(
            new Graph(
                [],
                [
                    new(sums, sums + belongs.T().MatMul(x).Cast(DType.F64)),
                    new(counts, counts + belongs.Sum([0], keepDims: true).T().Cast(DType.F64)),
                    new(inertia, inertia + distances.Min(1).Maximum(0).Sum().Cast(DType.F64)),
                ]
            )
        );
        var means = Expr.Select(counts > 0, sums / counts.Maximum(1), centroids.Cast(DType.F64)).Cast(DType.F32);
        var move = Compile.Function(
            new Graph(
                [inertia, (means - centroids).Abs().Max()],
                [new(centroids, means), new(sums, sums * 0), new(counts, counts * 0), new(inertia, inertia * 0)]
            )
        );

        using var state = new ModelState([
            new("centroids", Seeds.PlusPlus(data, clusters, seed)),
            new("sums", Tensor.Zeros([clusters, size], DType.F64)),
            new("counts", Tensor.Zeros([clusters, 1], DType.F64)),
            new("inertia", Tensor.Zeros([], DType.F64)),
        ]);
        using var batches = new Batches(data, BatchRows, sampleShape: [size]);
        var heard = ImmutableArray.CreateBuilder<double>();
        for (int i = 0; i < iterations; i++)
        {
            foreach (var batch in batches.Epoch(0))
                assign.Call(state, new Binding("x", batch.X));
            double[] figures = move.Call(state).Scalars();
            heard.Add(figures[0] / data.Count);
            if (!double.IsFinite(heard[^1]))
                throw new DataException($"{data.Name}: expected finite numbers, found NaN or infinity in the distances. Look at the data.");
            if (figures[1] == 0)
                break;
        }
        return new(state["centroids"].Clone(), heard.ToImmutable());
    }

    /// <summary>Gives the number of the nearest centroid of each row, from 0; of equally near ones the smaller.</summary>
    /// <exception cref="ShapeException">The rows have another size than the centroids.</exception>
    public int[] Assign(Features data)
    {
        ArgumentNullException.ThrowIfNull(data);
        int clusters = Centroids.Shape[0].Value,
            size = Centroids.Shape[1].Value;
        if (data.SampleSize != size)
            throw new ShapeException($"k-means: rows must have {size} values, as the centroids; got {data}. Make both in the same way.");
        var nearest = (-SquaredDistances(Expr.Input("x", ["N", size]), Expr.State("centroids", [clusters, size]))).ArgMax(1);
        var function = Compile.Function(nearest);
        using var state = new ModelState([new("centroids", Centroids.Clone())]);
        using var batches = new Batches(data, BatchRows, sampleShape: [size]);
        var assigned = new List<int>(data.Count);
        foreach (var batch in batches.Epoch(0))
        {
            using var numbers = function.Call(state, new Binding("x", batch.X))[0];
            assigned.AddRange(numbers.ToArray<int>());
        }
        return [.. assigned];
    }

    static Expr SquaredDistances(Expr x, Expr centroids) => Distance.L2.Between(x, centroids);
}
