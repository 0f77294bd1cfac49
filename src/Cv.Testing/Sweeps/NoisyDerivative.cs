namespace Cv.Testing;

/// <summary>
/// Estimates derivatives of functions that round more than f64 does. The noise is told by differences of neighbouring values of high order, in which only noise is left;
/// then the step is the one at which noise and curvature together do the least harm.
/// </summary>
/// <remarks>Moré and Wild, "Estimating Computational Noise" (2011) and "Estimating Derivatives of Noisy Simulations" (2012).</remarks>
static class NoisyDerivative
{
    /// <summary>Gives the derivative at a float, from the left to the right, and how far off it may be; null where no step tells.</summary>
    public static Derivative? At(Func<double, double> f, double x)
    {
        double size = Math.Max(Math.Abs(x), 1e-3),
            here = f(x);
        if (!double.IsFinite(here))
            return null;
        // beside the point: a kink at it is no noise
        var (noise, height) = new[] { Noise(f, x - size / 16, size), Noise(f, x + size / 16, size) }.MinBy(n => n.Noise);
        // what is mostly noise may as well be waves that are shorter than floats lie apart
        if (noise > 1e-3 * height)
            return null;
        var left = OneSided(f, x, -size, here, noise);
        var right = OneSided(f, x, size, here, noise);
        var both = Best(size, noise, step => OverFloats(x, step, out double a, out double b) ? (f(a) - f(b)) / (a - b) : null);
        if (both is { } central && left is { } l && right is { } r && Math.Abs(l.Value - r.Value) <= 2 * (l.Error + r.Error))
            return new(central.Value, central.Value, 2 * central.Error, Terrain.Smooth);
        if (left is not { } from || right is not { } to)
            return null;
        return new(Math.Min(from.Value, to.Value), Math.Max(from.Value, to.Value), 2 * Math.Max(from.Error, to.Error), Terrain.Kink);
    }

    static (double Value, double Error)? OneSided(Func<double, double> f, double x, double size, double here, double noise) =>
        Best(
            Math.Abs(size) / 8,
            noise,
            step =>
            {
                double a = (float)(x + Math.CopySign(step, size)),
                    b = (float)(x + Math.CopySign(2 * step, size));
                if (a == x || b == a)
                    return null;
                // the parabola through three points
                double da = (f(a) - here) / (a - x),
                    db = (f(b) - here) / (b - x);
                return da + (da - db) * (a - x) / (b - a);
            }
        );

    /// <summary>
    /// Widens the step as long as what each difference may be by its noise has something in common with all before: then the function's curvature shows. No wide step that
    /// agrees by luck, as one over whole waves may, comes before a narrow one.
    /// </summary>
    /// <remarks>Lepski's rule; "On a Problem of Adaptive Estimation in Gaussian White Noise" (1991).</remarks>
    static (double Value, double Error)? Best(double widest, double noise, Func<double, double?> slope)
    {
        (double Value, double Error)? best = null,
            widestYet = null;
        double low = double.NegativeInfinity,
            high = double.PositiveInfinity;
        // from some ulps of f32 on: over one, a kink between the two would be no noise
        for (double step = widest * Math.ScaleB(1, -16); step <= widest; step *= 4)
        {
            if (slope(step) is not { } value || !double.IsFinite(value))
                continue;
            double error = 4 * noise / step + 1e-12 * Math.Abs(value);
            (low, high) = (Math.Max(low, value - error), Math.Min(high, value + error));
            if (low > high)
                break;
            // the one before the widest: there, curvature does a sixteenth as much, and noise four times
            (best, widestYet) = (widestYet, (value, 2 * error));
        }
        return best;
    }

    static bool OverFloats(double x, double step, out double a, out double b)
    {
        (a, b) = ((float)(x + step), (float)(x - step));
        return a > b;
    }

    /// <summary>Estimates how much a value errs: fifth differences of neighbours, over which the function itself is a polynomial; at least half an ulp of f32.</summary>
    static (double Noise, double Height) Noise(Func<double, double> f, double x, double size)
    {
        const int Count = 12;
        double step = Math.Abs(size) * 1e-4;
        var table = new double[Count];
        for (int i = 0; i < Count; i++)
            table[i] = f((float)(x + (i - Count / 2) * step));
        double largest = table.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        const int Order = 5;
        for (int k = 0; k < Order; k++)
        for (int i = 0; i < Count - 1 - k; i++)
            table[i] = table[i + 1] - table[i];
        // the variance of a difference of order k is (2k)! / (k!)^2 times that of a value: 252 for 5
        double squares = table[..(Count - Order)].Where(double.IsFinite).Select(d => d * d).DefaultIfEmpty(0).Average();
        return (Math.Max(Math.Sqrt(squares / 252), largest * 6e-8), largest);
    }
}
