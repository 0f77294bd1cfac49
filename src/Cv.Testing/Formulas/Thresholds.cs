using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Reads from a formula where it may bend or jump: where one side of a comparison meets the other, and max, min, abs and sign change sides. Each such difference is
/// followed along one argument; where its sign changes, the place is found to the last bit.
/// </summary>
sealed class Thresholds
{
    readonly DoubleRun _run;
    readonly (int A, int B)[] _sides; // the places of what is compared; -1 stands for 0
    readonly double[] _constants;

    public Thresholds(Formula formula)
    {
        var terms = formula.All.ToList();
        _run = new([formula.Value, .. formula.Claims]);
        _sides = [.. terms.Select(Sides).OfType<(int, int)>().Where(s => s.Item1 != s.Item2).Distinct()];
        _constants =
        [
            .. terms
                .Where(t => t.Head == Head.Number && t.Value != 0 && double.IsFinite(t.Value))
                .Select(t => Math.Abs(t.Value))
                .Distinct()
                .Take(24),
        ];
    }

    (int, int)? Sides(Term t) =>
        t switch
        {
            ({ } head, [var a, var b]) when head is >= Head.Less and <= Head.NotEqual && !a.IsTruth => (_run.PlaceOf(a), _run.PlaceOf(b)),
            { Function.Name: "Max" or "Min", Parts: [var a, var b] } => (_run.PlaceOf(a), _run.PlaceOf(b)),
            { Function.Name: "Abs" or "Sign", Parts: [var a] } => (_run.PlaceOf(a), -1),
            { Function.Name: "CopySign", Parts: [_, var b] } => (_run.PlaceOf(b), -1),
            _ => null,
        };

    /// <summary>Lists numbers of the formula, and where linear expressions meet constants: good places to start from.</summary>
    public IEnumerable<double> Candidates(double[] at, int argument)
    {
        foreach (double c in _constants)
        {
            yield return c;
            yield return -c;
        }
        foreach (var side in _sides)
        foreach (var (p, q) in ((double, double)[])[(1, 2), (-2, -1), (0.25, 0.5)])
        {
            double hp = Difference(at, argument, p, side),
                hq = Difference(at, argument, q, side),
                root = p - hp * (q - p) / (hq - hp);
            if (double.IsFinite(root))
                yield return root;
        }
    }

    /// <summary>Finds thresholds along an argument between neighbouring points, given in ascending order: pairs of neighbouring doubles, one on each side.</summary>
    public List<(double Below, double Above)> Along(double[] at, int argument, IReadOnlyList<double> points)
    {
        var found = new HashSet<(double, double)>();
        foreach (var side in _sides)
        {
            var differences = points.Select(p => Difference(at, argument, p, side)).ToArray();
            for (int i = 1; i < points.Count; i++)
            {
                if (Changes(differences[i - 1], differences[i]))
                    found.Add(Bisect(at, argument, points[i - 1], points[i], side));
                // it may dip below 0 and come back between two points
                if (
                    i + 1 < points.Count
                    && Dips(differences[i - 1], differences[i], differences[i + 1])
                    && Lowest(at, argument, points[i - 1], points[i + 1], side) is { } dip
                )
                {
                    found.Add(Bisect(at, argument, points[i - 1], dip, side));
                    found.Add(Bisect(at, argument, dip, points[i + 1], side));
                }
            }
        }
        return [.. found];
    }

    double Difference(double[] at, int argument, double x, (int A, int B) side)
    {
        double[] moved = [.. at];
        moved[argument] = x;
        double[] values = _run.Run(moved);
        return side.B < 0 ? values[side.A]
            : values[side.A] == values[side.B] ? 0
            : values[side.A] - values[side.B];
    }

    static bool Changes(double a, double b) => !double.IsNaN(a) && !double.IsNaN(b) && Math.Sign(a) != Math.Sign(b);

    static bool Dips(double a, double b, double c) =>
        !double.IsNaN(a + b + c)
        && Math.Sign(a) == Math.Sign(b)
        && Math.Sign(b) == Math.Sign(c)
        && Math.Abs(b) < Math.Abs(a)
        && Math.Abs(b) < Math.Abs(c);

    double? Lowest(double[] at, int argument, double low, double high, (int, int) side)
    {
        int sign = Math.Sign(Difference(at, argument, low, side));
        for (int i = 0; i < 80 && low < high; i++)
        {
            double a = low + (high - low) / 3,
                b = high - (high - low) / 3,
                fa = sign * Difference(at, argument, a, side),
                fb = sign * Difference(at, argument, b, side);
            if (fa <= 0 || fb <= 0)
                return fa <= 0 ? a : b;
            (low, high) = fa < fb ? (low, b) : (a, high);
        }
        return null;
    }

    (double, double) Bisect(double[] at, int argument, double low, double high, (int, int) side)
    {
        int sign = Math.Sign(Difference(at, argument, low, side));
        while (Middle(low, high) is { } middle)
        {
            double d = Difference(at, argument, middle, side);
            if (double.IsNaN(d))
                break;
            (low, high) = Math.Sign(d) == sign ? (middle, high) : (low, middle);
        }
        return (low, high);
    }

    /// <summary>Gives the double half-way by count, or null between neighbours: sixty steps from anywhere to anywhere.</summary>
    static double? Middle(double low, double high)
    {
        long a = Ordinal(low),
            b = Ordinal(high);
        return b - a <= 1 ? null : FromOrdinal(a + (b - a) / 2);
    }

    static long Ordinal(double x) => BitConverter.DoubleToInt64Bits(x) is var bits && bits < 0 ? long.MinValue - bits : bits;

    static double FromOrdinal(long n) => BitConverter.Int64BitsToDouble(n < 0 ? long.MinValue - n : n);
}
