using System.Text.Json.Serialization;

namespace Cv.Runtime;

/// <summary>Averages loss and accuracy over images, given means over batches.</summary>
[method: JsonConstructor]
struct RunningMean(double lossSum, double rightSum, int count)
{
    public double LossSum { get; private set; } = lossSum;

    public double RightSum { get; private set; } = rightSum;

    public int Count { get; private set; } = count;

    [JsonIgnore]
    public readonly double Loss => LossSum / Count;

    [JsonIgnore]
    public readonly double Accuracy => RightSum / Count;

    public void Add(double loss, double accuracy, int count)
    {
        LossSum += loss * count;
        RightSum += accuracy * count;
        Count += count;
    }
}
