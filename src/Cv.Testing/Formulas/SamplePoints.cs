namespace Cv.Testing;

/// <summary>
/// Draws where a formula is looked at: every scale and sign from 0 over denormals to near overflow, and its own thresholds: at them, both sides by an ulp of f64 and of f32, a bit
/// farther, between them, and beyond the outermost.
/// </summary>
static class SamplePoints
{
    // what each magnitude is near: the least floats; cancellation; the bends of most gates; exp's range in f32 and f64; overflow of squares, of f32
    static readonly double[] Scales =
    [
        float.Epsilon,
        1e-40,
        1.1754944e-38,
        1e-30,
        1e-20,
        1e-12,
        1e-8,
        1e-6,
        1e-4,
        1e-3,
        0.01,
        0.03,
        0.1,
        0.25,
        0.5,
        0.7,
        1,
        1.3,
        1.5,
        2,
        2.5,
        3,
        3.7,
        4.5,
        5,
        6,
        7.3,
        8.5,
        10,
        14,
        17.5,
        21,
        30,
        45,
        70,
        87,
        89,
        95,
        100,
        104,
        130,
        300,
        700,
        720,
        1000,
        1e4,
        1e6,
        1e8,
        1e10,
        1e13,
        1.8e19,
        2e19,
        1e20,
        1e25,
        1e30,
        1e38,
        3.4e38,
    ];

    /// <summary>Lists where one argument goes; the others stay.</summary>
    public static double[] Along(Thresholds thresholds, double[] at, int argument, Random random)
    {
        var points = new SortedSet<double>(Scales.SelectMany(s => (double[])[(float)s, -(float)s])) { 0 };
        for (int i = 0; i < 24; i++)
            points.Add((float)Math.CopySign(Math.Pow(10, random.NextDouble() * 8 - 4), random.NextDouble() - 0.5));
        foreach (double c in thresholds.Candidates(at, argument))
            points.UnionWith(Near(c));
        points.RemoveWhere(p => !double.IsFinite((float)p));
        for (int round = 0; round < 2; round++)
        {
            var found = thresholds.Along(at, argument, [.. points]);
            foreach (var (below, above) in found)
            {
                points.UnionWith(Near(below));
                points.UnionWith(Near(above));
            }
            points.UnionWith(Between([.. found.Select(f => f.Below).Order()]));
            points.RemoveWhere(p => !double.IsFinite((float)p));
        }
        return [.. points];
    }

    static IEnumerable<double> Near(double t)
    {
        float f = (float)t;
        double[] here = [t, Math.BitIncrement(t), Math.BitDecrement(t), f, MathF.BitIncrement(f), MathF.BitDecrement(f)];
        double scale = Math.Max(Math.Abs(t), 1e-3);
        double[] around = [t + 1e-6 * scale, t - 1e-6 * scale, t + 1e-3 * scale, t - 1e-3 * scale, t + 0.1 * scale, t - 0.1 * scale];
        return here.Concat(around);
    }

    static IEnumerable<double> Between(double[] thresholds)
    {
        foreach (var (a, b) in thresholds.Zip(thresholds.Skip(1)))
            yield return a / 2 + b / 2;
        if (thresholds.Length == 0)
            yield break;
        yield return thresholds[0] - 1 - Math.Abs(thresholds[0]) / 2;
        yield return thresholds[^1] + 1 + Math.Abs(thresholds[^1]) / 2;
    }
}
