using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Reads the results of a call and gives their memory back, for a loop of many calls.</summary>
static class Results
{
    /// <summary>Gives the one number of each result, as f64.</summary>
    public static double[] Scalars(this IReadOnlyList<Tensor> results) => Read(results, tensor => tensor.Item());

    /// <summary>Gives the numbers of each result, as f64.</summary>
    public static double[][] Numbers(this IReadOnlyList<Tensor> results) => Read(results, tensor => tensor.ToDoubles());

    static T[] Read<T>(IReadOnlyList<Tensor> results, Func<Tensor, T> read)
    {
        try
        {
            return [.. results.Select(read)];
        }
        finally
        {
            foreach (var tensor in results)
                tensor.Dispose();
        }
    }
}
