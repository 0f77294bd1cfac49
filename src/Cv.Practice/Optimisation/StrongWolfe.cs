namespace Cv.Practice;

/// <summary>
/// Finds how far to go along a line: a step that lowers the loss enough, f(a) at most f(0) + c1 a f'(0), and flattens the slope, |f'(a)| at most c2 |f'(0)|.
/// </summary>
/// <param name="Decrease">c1, above 0.</param>
/// <param name="Curvature">c2, above c1 and less than 1.</param>
/// <param name="Evaluations">The points looked at, at most.</param>
/// <remarks>
/// Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 (brackets) and 3.6 (zoom), with cubic interpolation (3.59) kept away from the bracket's ends. A point whose loss or
/// slope is not finite counts as too far.
/// </remarks>
/// <example><code>var found = new StrongWolfe(1e-4, 0.9).Search(a => (Loss(a), Slope(a)), loss, slope, first: 1);</code></example>
public sealed record StrongWolfe(double Decrease = 1e-4, double Curvature = 0.9, int Evaluations = 40)
{
    // the next of a growing bracket, and how near to an end of it an interpolated point may lie
    const double Growth = 2.5,
        Margin = 0.1;

    /// <summary>Looks for a step.</summary>
    /// <param name="function">Gives value and slope after a step; called once a point.</param>
    /// <param name="value">The value at 0.</param>
    /// <param name="slope">The slope at 0, below 0.</param>
    /// <param name="first">The step to try first, above 0.</param>
    /// <returns>The step; where there is none, the lowest point that was met.</returns>
    public LineSearchResult Search(Func<double, (double Value, double Slope)> function, double value, double slope, double first)
    {
        if (!(slope < 0) || !(first > 0))
            return new(false, 0, value, slope, 0, 0);
        return new Run(this, function, new(0, value, slope)).Bracket(first);
    }

    readonly record struct Point(double Step, double Value, double Slope)
    {
        public bool IsFinite => double.IsFinite(Value) && double.IsFinite(Slope);
    }

    sealed class Run(StrongWolfe settings, Func<double, (double Value, double Slope)> function, Point start)
    {
        readonly Point _origin = start;
        Point _lowest = start;
        double _last;
        int _count;

        // algorithm 3.5
        public LineSearchResult Bracket(double first)
        {
            var before = _origin;
            for (double step = first; _count < settings.Evaluations; )
            {
                var at = Look(step);
                if (TooHigh(at) || (_count > 1 && at.Value >= before.Value))
                    return Zoom(before, at);
                if (IsFlat(at))
                    return Found(at);
                if (at.Slope >= 0)
                    return Zoom(at, before);
                before = at;
                step *= Growth;
            }
            return NotFound();
        }

        // algorithm 3.6: low is the lowest point that falls enough; the slope there leads to high
        LineSearchResult Zoom(Point low, Point high)
        {
            while (_count < settings.Evaluations && Math.Abs(high.Step - low.Step) > 1e-15 * Math.Max(low.Step, high.Step))
            {
                var at = Look(Between(low, high));
                if (TooHigh(at) || at.Value >= low.Value)
                {
                    high = at;
                    continue;
                }
                if (IsFlat(at))
                    return Found(at);
                if (at.Slope * (high.Step - low.Step) >= 0)
                    high = low;
                low = at;
            }
            return NotFound();
        }

        Point Look(double step)
        {
            _count++;
            _last = step;
            var (value, slope) = function(step);
            var at = new Point(step, value, slope);
            if (at.IsFinite && value < _lowest.Value)
                _lowest = at;
            return at;
        }

        bool TooHigh(Point at) => !at.IsFinite || at.Value > _origin.Value + settings.Decrease * at.Step * _origin.Slope;

        bool IsFlat(Point at) => Math.Abs(at.Slope) <= -settings.Curvature * _origin.Slope;

        LineSearchResult Found(Point at) => new(true, at.Step, at.Value, at.Slope, _count, _last);

        LineSearchResult NotFound() => new(false, _lowest.Step, _lowest.Value, _lowest.Slope, _count, _last);
    }

    /// <summary>Gives the minimiser of the cubic through two points with their slopes (3.59), or their middle where it is near an end or none.</summary>
    static double Between(Point a, Point b)
    {
        double middle = a.Step + (b.Step - a.Step) / 2;
        if (!b.IsFinite)
            return middle;
        double d1 = a.Slope + b.Slope - 3 * (a.Value - b.Value) / (a.Step - b.Step);
        double square = d1 * d1 - a.Slope * b.Slope;
        if (!(square >= 0))
            return middle;
        double d2 = Math.Sign(b.Step - a.Step) * Math.Sqrt(square);
        double step = b.Step - (b.Step - a.Step) * (b.Slope + d2 - d1) / (b.Slope - a.Slope + 2 * d2);
        double margin = Margin * Math.Abs(b.Step - a.Step);
        return step >= Math.Min(a.Step, b.Step) + margin && step <= Math.Max(a.Step, b.Step) - margin ? step : middle;
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(StrongWolfe), PrintMembers);
}

/// <summary>Tells what a line search found.</summary>
/// <param name="Found">Whether the step satisfies both conditions; if not, it is the lowest point that was met, perhaps 0.</param>
/// <param name="Step">The step.</param>
/// <param name="Value">The value there.</param>
/// <param name="Slope">The slope there.</param>
/// <param name="Evaluations">The points looked at.</param>
/// <param name="Last">The step of the point that was looked at last.</param>
public readonly record struct LineSearchResult(bool Found, double Step, double Value, double Slope, int Evaluations, double Last)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(LineSearchResult), PrintMembers);
}
