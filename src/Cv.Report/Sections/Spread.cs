using System.Collections.Immutable;

namespace Cv.Reporting;

/// <summary>Counts how often numbers fall into equal bins, and what else one asks of many numbers.</summary>
/// <param name="Name">Names the numbers, such as a layer.</param>
/// <param name="Low">Where the first bin begins.</param>
/// <param name="High">Where the last bin ends; it belongs to that bin.</param>
/// <param name="Counts">The numbers in each bin.</param>
/// <param name="Mean">The mean of the finite numbers.</param>
/// <param name="Deviation">Their standard deviation.</param>
/// <param name="Zeros">The fraction of all numbers that are exactly 0: after a ReLU, what does not fire.</param>
/// <param name="NotFinite">The fraction that is NaN or infinite.</param>
sealed record Spread(
    string Name,
    double Low,
    double High,
    ImmutableArray<long> Counts,
    double Mean,
    double Deviation,
    double Zeros,
    double NotFinite
)
{
    /// <summary>Counts numbers in bins from the smallest finite one to the largest.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is not at least one bin.</exception>
    public static Spread Of(string name, ReadOnlySpan<double> values, int bins = 40)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        double low = double.PositiveInfinity,
            high = double.NegativeInfinity,
            sum = 0;
        long finite = 0,
            zeros = 0;
        foreach (double v in values)
        {
            zeros += v == 0 ? 1 : 0;
            if (!double.IsFinite(v))
                continue;
            (low, high, sum, finite) = (Math.Min(low, v), Math.Max(high, v), sum + v, finite + 1);
        }
        if (finite == 0)
            (low, high) = (0, 1);
        else if (low == high)
            (low, high) = (low - 0.5, high + 0.5);
        double mean = finite == 0 ? 0 : sum / finite;
        double squares = 0;
        long[] counts = new long[bins];
        foreach (double v in values)
        {
            if (!double.IsFinite(v))
                continue;
            squares += (v - mean) * (v - mean);
            counts[(int)Math.Clamp((v - low) / (high - low) * bins, 0, bins - 1)]++;
        }
        int all = Math.Max(1, values.Length);
        return new(
            name,
            low,
            high,
            [.. counts],
            mean,
            finite == 0 ? 0 : Math.Sqrt(squares / finite),
            (double)zeros / all,
            (double)(values.Length - finite) / all
        );
    }

    /// <summary>Gives the chart: a bar over each bin.</summary>
    public Chart ToChart() => Bars(Name, Low, High, Counts);

    /// <summary>Draws a histogram: a bar over each of equal bins.</summary>
    public static Chart Bars(string title, double low, double high, ImmutableArray<long> counts)
    {
        double width = (high - low) / counts.Length;
        return new Chart(title, "", new Series("count", counts.Select((c, i) => (low + i * width, (double)c)), Mark.Bars));
    }
}
