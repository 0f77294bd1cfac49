namespace Cv.Reporting;

/// <summary>
/// Keeps what came step by step in bounded memory: when it is full, neighbours are merged into their mean, so a long run keeps its whole course in
/// half the detail. Of any number of points at least half the capacity remain, and the last steps always show.
/// </summary>
sealed class Curve
{
    /// <summary>Bounds the points of any curve.</summary>
    public const int Capacity = 1024;

    readonly List<(double X, double Y)> _merged = [];
    (double X, double Y) _sum;
    int _pending;
    int _stride = 1;
    int _halvings;

    public void Add(double x, double y)
    {
        _sum = (_sum.X + x, _sum.Y + y);
        if (++_pending < _stride)
            return;
        _merged.Add((_sum.X / _stride, _sum.Y / _stride));
        (_sum, _pending) = ((0, 0), 0);
        if (_merged.Count == Capacity)
            Halve();
    }

    /// <summary>Copies the points: each the mean of as many steps, the last of those that came since.</summary>
    public CurvePoints Copy() =>
        new(_halvings, _merged.Count, _pending == 0 ? [.. _merged] : [.. _merged, (_sum.X / _pending, _sum.Y / _pending)]);

    void Halve()
    {
        for (int i = 0; i < Capacity / 2; i++)
        {
            var (a, b) = (_merged[2 * i], _merged[2 * i + 1]);
            _merged[i] = ((a.X + b.X) / 2, (a.Y + b.Y) / 2);
        }
        _merged.RemoveRange(Capacity / 2, Capacity / 2);
        _stride = checked(_stride * 2);
        _halvings++;
    }
}
