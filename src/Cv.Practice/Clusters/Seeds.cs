using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Chooses rows to begin clusters with.</summary>
static class Seeds
{
    /// <summary>
    /// Chooses the first row evenly, and each next one with a chance that is proportional to its squared distance to the nearest row chosen (D. Arthur, S. Vassilvitskii,
    /// "k-means++: The Advantages of Careful Seeding", 2007): f32[count,D].
    /// </summary>
    public static Tensor PlusPlus(Features data, int count, ulong seed)
    {
        int size = data.SampleSize;
        var random = new RandomStream(seed, "k-means++");
        var nearer = Expr.Input("nearest", ["N"]).Minimum((Expr.Input("x", ["N", size]) - Expr.Input("chosen", [1, size])).Pow(2).Sum(1));
        var function = Compile.Function(nearer);

        using var rows = data.X.Reshape([data.Count, size]);
        using var nearest = Tensor.Uninitialised([data.Count]);
        using var chosen = Tensor.Uninitialised([1, size]);
        nearest.AsSpan<float>().Fill(float.PositiveInfinity);
        var seeds = Tensor.Uninitialised([count, size]);
        for (int i = 0; i < count; i++)
        {
            int place = i == 0 ? (int)(random.Uniform(0) * data.Count) : Draw(nearest.AsSpan<float>(), random.Uniform(i));
            data.Example(place).CopyTo(seeds.AsSpan<float>()[(i * size)..]);
            data.Example(place).CopyTo(chosen.AsSpan<float>());
            function.CallInto([nearest], new Binding("nearest", nearest), new Binding("x", rows), new Binding("chosen", chosen));
        }
        return seeds;
    }

    /// <summary>Draws a place with a chance proportional to its weight; evenly, when no weight is left.</summary>
    static int Draw(ReadOnlySpan<float> weights, double uniform)
    {
        double total = 0;
        foreach (float weight in weights)
            total += weight;
        if (!(total > 0))
            return (int)(uniform * weights.Length);
        double left = uniform * total;
        for (int i = 0; i < weights.Length; i++)
        {
            left -= weights[i];
            if (left < 0)
                return i;
        }
        // rounding may leave a little
        return weights.LastIndexOfAnyExcept(0f);
    }
}
