using System.Text.Json.Serialization;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Averages a loss and metrics over examples, given means over batches.</summary>
[method: JsonConstructor]
struct RunningMean(double lossSum, double[]? metricSums, int count)
{
    public double LossSum { get; private set; } = lossSum;

    public double[]? MetricSums { get; private set; } = metricSums;

    public int Count { get; private set; } = count;

    [JsonIgnore]
    public readonly double Loss => LossSum / Count;

    public void Add(double loss, ReadOnlySpan<double> metrics, int count)
    {
        if (MetricSums?.Length != metrics.Length)
        {
            MetricSums = new double[metrics.Length];
            // a run that goes on from a file with other metrics knows nothing of what these were before
            if (Count > 0)
                Array.Fill(MetricSums, double.NaN);
        }
        LossSum += loss * count;
        for (int i = 0; i < metrics.Length; i++)
            MetricSums[i] += metrics[i] * count;
        Count += count;
    }

    /// <summary>Gives the means of the metrics, by their names.</summary>
    public readonly MetricValues Metrics(IReadOnlyList<Metric> metrics)
    {
        if (metrics.Count == 0)
            return MetricValues.None;
        var values = new MetricValue[metrics.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = new(
                metrics[i].Name,
                MetricSums?.Length == values.Length ? MetricSums[i] / Count : double.NaN,
                metrics[i].IsFraction
            );
        return new(values);
    }
}
