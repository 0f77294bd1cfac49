namespace Cv.Reporting;

/// <summary>
/// Samples a function of the step in bounded memory and with few calls: every step at first, and each time that the samples are full, half as often. Each
/// sample is exact.
/// </summary>
sealed class SampledCurve
{
    const int Capacity = 512;

    readonly List<(double X, double Y)> _samples = [];
    long _stride = 1;
    long _passed;
    int _thinnings;

    /// <summary>Asks for the value at a step, if this one is to be sampled.</summary>
    public void Add(double x, Func<double> value)
    {
        if (_passed++ % _stride != 0)
            return;
        _samples.Add((x, value()));
        if (_samples.Count < Capacity)
            return;
        for (int i = 0; i < Capacity / 2; i++)
            _samples[i] = _samples[2 * i];
        _samples.RemoveRange(Capacity / 2, Capacity / 2);
        _stride *= 2;
        _thinnings++;
    }

    /// <summary>Copies the samples.</summary>
    public CurvePoints Copy() => new(_thinnings, _samples.Count, [.. _samples]);
}
