using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Keeps the k smallest distances of each query and where they stand, while blocks of distances come by in the order of the training set.</summary>
sealed class NearestSoFar
{
    readonly int _k;
    readonly float[] _distances;

    public NearestSoFar(int queries, int k)
    {
        _k = k;
        _distances = new float[checked(queries * k)];
        Places = new int[_distances.Length];
        Array.Fill(_distances, float.PositiveInfinity);
    }

    /// <summary>Gives the places in the training set, k for each query, nearest first.</summary>
    public int[] Places { get; }

    /// <summary>Takes a block of distances [queries, training rows], of queries from one place on to training rows from another on.</summary>
    public void Add(Tensor block, int firstQuery, int firstRow)
    {
        var all = block.AsSpan<float>();
        int rows = block.Shape[1].Value;
        for (int i = 0; i < block.Shape[0].Value; i++)
        {
            var best = _distances.AsSpan((firstQuery + i) * _k, _k);
            var places = Places.AsSpan((firstQuery + i) * _k, _k);
            var distances = all.Slice(i * rows, rows);
            float worst = best[^1];
            for (int j = 0; j < distances.Length; j++)
            {
                // an equal one came earlier, and stays; NaN is never less
                if (!(distances[j] < worst))
                    continue;
                Insert(best, places, distances[j], firstRow + j);
                worst = best[^1];
            }
        }
    }

    /// <summary>Gives the first query that has not met k finite distances, or null.</summary>
    public int? FirstIncomplete()
    {
        int at = _distances.AsSpan().IndexOf(float.PositiveInfinity);
        return at < 0 ? null : at / _k;
    }

    /// <summary>Gives the distances, k for each query, nearest first.</summary>
    public float[] Finished(Func<float, float>? finish) => finish is null ? _distances : Array.ConvertAll(_distances, d => finish(d));

    static void Insert(Span<float> best, Span<int> places, float distance, int place)
    {
        int at = best.Length - 1;
        for (; at > 0 && distance < best[at - 1]; at--)
            (best[at], places[at]) = (best[at - 1], places[at - 1]);
        (best[at], places[at]) = (distance, place);
    }
}
