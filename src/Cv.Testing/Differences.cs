using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Differentiates a weighed sum of a graph's outputs along directions, by differences of f64 values. Steps shrink until two of them agree, and until both sides
/// lie on one branch; where no step does, the derivative from each side makes an interval.
/// </summary>
sealed class Differences
{
    const int Levels = 6;
    const double Shrink = 8;

    readonly Walk _walk;
    readonly Point _at;
    readonly double[][] _here;
    readonly int[] _outputs;
    readonly double[][] _weights;
    readonly CheckOptions _options;
    readonly bool _isOpaque;

    public Differences(Expr[] outputs, double[][] weights, Point at, CheckOptions options)
    {
        _walk = Walk.Opened(outputs);
        _at = at;
        _here = _walk.Run(at);
        _outputs = [.. outputs.Select(_walk.PlaceOf)];
        _weights = weights;
        _options = options;
        _isOpaque = outputs.Any(Opaque.Holds);
    }

    /// <summary>Gives the first piecewise node that turned in the last difference, if one did.</summary>
    public Expr? Turned { get; private set; }

    /// <summary>Gives the size of what is summed, which rounding errors are relative to.</summary>
    public double Scale => Sum(_here, Math.Abs);

    /// <summary>
    /// Differentiates along a direction, which names the leaves that move. A first difference that agrees with the claim is enough: what is wrong does not agree
    /// to seven digits by luck.
    /// </summary>
    public Derivative Along(IReadOnlyDictionary<string, double[]> direction, double claim, double floor)
    {
        var best = new Derivative(0, 0, double.PositiveInfinity, Terrain.Kink);
        bool finite = true;
        Turned = null;
        // what is known to seven digits wants wide steps, and no step makes it better than that
        double step = _isOpaque ? Math.Max(_options.Step, 0.125) : _options.Step,
            rounding = _isOpaque ? Opaque.Rounding * (Scale + Math.Abs(claim) * Reach(direction)) : 8e-16 * Scale;
        for (int level = 0; level < Levels; level++, step /= Shrink)
        {
            if (Central(direction, step) is not { } wide)
                continue;
            if (!double.IsFinite(wide))
            {
                finite = false;
                continue;
            }
            if (new Derivative(wide, 0) is var first && first.ErrorOf(claim, floor) <= _options.Right)
                return first;
            if (Central(direction, step / 2) is not { } narrow || !double.IsFinite(narrow))
                continue;
            // the five-point error falls by 16 as the step halves, so the narrow one is nearer; what rounds, rounds by eps / step
            double uncertainty = Math.Abs(wide - narrow) + rounding / step + 1e-12 * Math.Abs(narrow);
            if (uncertainty < best.Uncertainty)
                best = new(narrow, uncertainty);
            if (best.Uncertainty <= 1e-9 * Math.Abs(narrow))
                break;
        }
        if (double.IsFinite(best.Uncertainty))
            return best;
        return finite && Turned is not null ? FromBothSides(direction) : new(0, 0, double.PositiveInfinity, Terrain.NotFinite);
    }

    /// <summary>Gives the largest number of the leaves that move.</summary>
    double Reach(IReadOnlyDictionary<string, double[]> direction) =>
        direction.Keys.SelectMany(name => _at[name]).Select(Math.Abs).DefaultIfEmpty(0).Max();

    /// <summary>Gives the central difference of five points; null where some point lies on another branch.</summary>
    double? Central(IReadOnlyDictionary<string, double[]> direction, double step)
    {
        ReadOnlySpan<double> places = [step, -step, 2 * step, -2 * step];
        var values = new double[4][][];
        for (int i = 0; i < 4; i++)
        {
            values[i] = _walk.Run(_at.Moved(direction, places[i]), _here);
            if (_walk.Turned(values[i], _here) is not { } turned)
                continue;
            Turned = turned;
            return null;
        }
        return Sum(
            (output, k) => (8 * (values[0][output][k] - values[1][output][k]) - (values[2][output][k] - values[3][output][k])) / (12 * step)
        );
    }

    Derivative FromBothSides(IReadOnlyDictionary<string, double[]> direction)
    {
        for (double step = _options.Step; step > 1e-7; step /= Shrink)
        {
            if (OneSided(direction, step) is not { } right || OneSided(direction, -step) is not { } left)
                continue;
            double here = Sum(_here, v => v),
                gap = 1e-6 * Math.Max(1, Scale);
            if (Math.Abs(right.Value - here) > gap || Math.Abs(left.Value - here) > gap)
                return new(0, 0, double.PositiveInfinity, Terrain.Jump);
            double uncertainty = Math.Max(right.Uncertainty, left.Uncertainty) + (_isOpaque ? Opaque.Rounding * Scale / step : 0);
            return new(Math.Min(left.Slope, right.Slope), Math.Max(left.Slope, right.Slope), uncertainty, Terrain.Kink);
        }
        return new(0, 0, double.PositiveInfinity, Terrain.NotFinite);
    }

    /// <summary>
    /// Extrapolates value and slope from four points on one side, the cubic through them; null where they are not all on one branch, or not finite.
    /// </summary>
    (double Value, double Slope, double Uncertainty)? OneSided(IReadOnlyDictionary<string, double[]> direction, double step)
    {
        var values = new double[5][][];
        for (int i = 1; i < 5; i++)
        {
            values[i] = _walk.Run(_at.Moved(direction, i * step), _here);
            if (i > 1 && _walk.Turned(values[i], values[1]) is not null)
                return null;
        }
        double value = Sum((o, k) => 4 * values[1][o][k] - 6 * values[2][o][k] + 4 * values[3][o][k] - values[4][o][k]),
            slope = Sum(
                (o, k) => (-26 * values[1][o][k] + 57 * values[2][o][k] - 42 * values[3][o][k] + 11 * values[4][o][k]) / (6 * step)
            ),
            parabola = Sum((o, k) => (-5 * values[1][o][k] + 8 * values[2][o][k] - 3 * values[3][o][k]) / (2 * step));
        if (!double.IsFinite(value) || !double.IsFinite(slope))
            return null;
        return (value, slope, Math.Abs(slope - parabola) + 1e-14 * Scale / Math.Abs(step));
    }

    double Sum(double[][] values, Func<double, double> of) => Sum((output, k) => of(values[output][k]), of);

    double Sum(Func<int, int, double> of, Func<double, double>? weigh = null)
    {
        double sum = 0;
        for (int o = 0; o < _outputs.Length; o++)
        for (int k = 0; k < _weights[o].Length; k++)
            sum += (weigh?.Invoke(_weights[o][k]) ?? _weights[o][k]) * of(_outputs[o], k);
        return sum;
    }
}
