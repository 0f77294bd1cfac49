using Cv.Dsl;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>
    /// Follows the remainder f(x + hd) - f(x) - h g.d as h halves, along random directions: with the right gradient it falls as h^2, with a wrong one only as h. It
    /// needs no tolerance on values, and tells an order, 2 or 1.
    /// </summary>
    /// <remarks>Farrell, Ham, Funke and Rognes, "Automated Derivation of the Adjoint of High-Level Transient Finite Element Programs" (2013), section 6.</remarks>
    /// <example><code>Check.Taylor(loss, at).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static GradientReport Taylor(Expr loss, Point at, int directions = 3, CheckOptions? options = null) =>
        Taylor(new Subject(loss, at, options), directions);

    internal static GradientReport Taylor(Subject subject, int directions = 3) =>
        subject.Report(
            "Taylor's theorem",
            part => part.Directions(directions).Select(d => ByRemainders(part, $"the remainder's order along {d.Name}", d.Direction))
        );

    static ElementReport ByRemainders(Subject subject, string name, Dictionary<string, double[]> direction)
    {
        double slope = subject.Slope(direction);
        var (seen, orders) = Orders(subject, direction, slope);
        if (!seen)
            return new(name, -1, 0, 2, 0, Verdict.Inconclusive, "no step keeps to one branch");
        if (!double.IsFinite(slope))
            return new(name, -1, slope, 2, double.PositiveInfinity, Verdict.Fail, "the gradient is not finite");
        // no remainder is left but rounding: the function is linear, and the gradient is its slope
        if (orders.Length == 0)
            return new(name, -1, 2, 2, 0, Verdict.Pass);
        double order = orders.Order().ElementAt(orders.Length / 2);
        var verdict =
            order >= 1.8 ? Verdict.Pass
            : order <= 1.3 ? Verdict.Fail
            : Verdict.Inconclusive;
        return new(name, -1, order, 2, Math.Max(0, 2 - order) / 2, verdict);
    }

    /// <summary>Gives the logarithms of the ratios of remainders as the step halves, where it stays on one branch and rounding does not rule.</summary>
    static (bool Seen, double[] Orders) Orders(Subject subject, Dictionary<string, double[]> direction, double slope)
    {
        var walk = Walk.Opened(subject.Y);
        double[][] here = walk.Run(subject.At);
        double scale = here[^1].Zip(subject.Weights, (v, w) => Math.Abs(v * w)).Sum();
        var remainders = new List<double>();
        bool seen = false;
        double rounding = Opaque.Holds(subject.Y) ? 16 * Opaque.Rounding : 1e-13;
        for (double step = 0.0625; step > 1e-7; step /= 2)
        {
            double[][] there = walk.Run(subject.At.Moved(direction, step), here);
            double change = there[^1].Zip(here[^1], (t, h) => t - h).Zip(subject.Weights, (c, w) => c * w).Sum();
            double remainder = Math.Abs(change - step * slope);
            if (walk.Turned(there, here) is not null || !double.IsFinite(change))
                continue;
            seen = true;
            if (remainder <= rounding * (scale + Math.Abs(step * slope)))
                break;
            remainders.Add(remainder);
        }
        return (seen, [.. remainders.Zip(remainders.Skip(1), (a, b) => Math.Log2(a / b))]);
    }
}
