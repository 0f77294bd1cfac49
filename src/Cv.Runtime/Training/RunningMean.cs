namespace Cv.Runtime;

/// <summary>Averages loss and accuracy over images, given means over batches.</summary>
struct RunningMean
{
    double _loss;
    double _right;

    public int Count { get; private set; }

    public readonly double Loss => _loss / Count;

    public readonly double Accuracy => _right / Count;

    public void Add(double loss, double accuracy, int count)
    {
        _loss += loss * count;
        _right += accuracy * count;
        Count += count;
    }
}
