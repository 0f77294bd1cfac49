using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Counts numbers by where they lie between the least and the largest.</summary>
/// <param name="Low">The least.</param>
/// <param name="High">The largest, which the last bar holds too.</param>
/// <param name="Counts">How many lie in each bar; bars are equally wide.</param>
/// <example><code>Console.WriteLine(layer.Activations);   // -1.93 ▁▂▅█▅▂▁ 2.01</code></example>
public sealed record Histogram(double Low, double High, ImmutableArray<long> Counts)
{
    const string Heights = " ▁▂▃▄▅▆▇█";

    /// <summary>Counts the numbers in all bars.</summary>
    public long Count => Counts.Sum();

    /// <summary>Prints least, bars and largest; a bar that holds anything is seen.</summary>
    public override string ToString() => $"{Diagnose.Figure(Low)} {Bars} {Diagnose.Figure(High)}";

    /// <summary>Draws the bars as text.</summary>
    public string Bars
    {
        get
        {
            double most = Math.Max(1, Counts.DefaultIfEmpty(0).Max());
            return string.Concat(Counts.Select(c => Heights[(int)Math.Ceiling((Heights.Length - 1) * (c / most))]));
        }
    }

    /// <summary>
    /// Gives the nodes of a histogram: least [], largest [], and for each bar how many elements lie at its lower edge or above, f32[bars]. What was compiled reads no
    /// element twice from memory but for the bars' comparisons.
    /// </summary>
    internal static Expr[] Nodes(Expr x, int bars)
    {
        var row = x.Reshape(1, x.Shape.Size);
        Expr low = x.Min(),
            high = x.Max();
        var edges = low + (high - low) * Expr.Iota([bars, 1], 0).Cast(x.DType) * (1.0 / bars);
        return [low, high, (row >= edges).Cast(DType.F32).Sum(-1)];
    }

    /// <summary>Makes a histogram of what its nodes came to.</summary>
    internal static Histogram From(double low, double high, double[] atOrAbove) =>
        new(low, high, [.. atOrAbove.Select((c, i) => (long)(c - (i + 1 < atOrAbove.Length ? atOrAbove[i + 1] : 0)))]);
}
