using System.Collections.Immutable;
using System.Numerics;

namespace Cv.Testing;

/// <summary>
/// Reads literals as the numbers that they stand for: exactly where they are short, as a named constant where they agree with one to half an ulp of the precision that they were written
/// in, as the product or sum of two other literals where they agree with that, else as the decimal that they are.
/// </summary>
sealed class Constants
{
    /// <summary>An exact constant: q sqrt(2)^a sqrt(pi)^b (ln 2)^c (ln 10)^d e^f.</summary>
    readonly record struct Named(Rational Q, int A, int B, int C, int D, int F)
    {
        public Enclosure Enclosed =>
            Q.Enclosed
            * Power(Elementary.Sqrt(Enclosure.Of(2)), A)
            * Power(Elementary.RootOfPi, B)
            * Power(Elementary.Ln2, C)
            * Power(Elementary.Ln10, D)
            * (F == 0 ? Enclosure.One : Elementary.Exp(Enclosure.Of(F)));

        static Enclosure Power(Enclosure x, int n) =>
            n == 0 ? Enclosure.One
            : n < 0 ? Enclosure.One / Power(x, -n)
            : x * Power(x, n - 1);

        public override string ToString()
        {
            string Of(string name, int n) => Math.Abs(n) == 1 ? name : $"{name}^{Math.Abs(n)}";
            List<string> up = [],
                down = [];
            if (!Q.Up.IsOne)
                up.Add($"{Q.Up}");
            if (!Q.Down.IsOne)
                down.Add($"{Q.Down}");
            string pi =
                B % 2 == 0 ? Of("pi", B / 2)
                : Math.Abs(B) == 1 ? "sqrt(pi)"
                : $"sqrt(pi)^{Math.Abs(B)}";
            foreach (
                var (name, n) in ((string, int)[])[("sqrt(2)", A), (pi, B), (Of("ln(2)", C), C), (Of("ln(10)", D), D), (Of("e", F), F)]
            )
                if (n != 0)
                    (n > 0 ? up : down).Add(name);
            string above = up.Count == 0 ? "1" : string.Join(" ", up);
            return down.Count == 0 ? above : $"{above} / {(down.Count == 1 ? down[0] : $"({string.Join(" ", down)})")}";
        }
    }

    const int SmallFraction = 4096;

    static readonly ImmutableArray<(Named Constant, double Value)> Known = [.. Candidates()];

    readonly Dictionary<double, (Func<Tower, Node> Make, string? Name)> _read = [];
    readonly double[] _others;

    /// <summary>Reads literals of a formula and its derivatives; those of the formula itself are given.</summary>
    public Constants(IEnumerable<double> formula) => _others = [.. formula.Where(o => !Literals.IsExact(o)).Distinct().Take(8)];

    /// <summary>Lists what was read as something else than it says: 0.7978846 as sqrt(2) / sqrt(pi).</summary>
    public IEnumerable<string> Names =>
        _read.Where(r => r.Value.Name is not null).Select(r => $"{Point.Text(r.Key)} as {r.Value.Name}").Order(StringComparer.Ordinal);

    public Node Read(Tower tower, double value)
    {
        if (!double.IsFinite(value))
            throw new NotProvedException("a literal that is not finite");
        if (!_read.TryGetValue(value, out var read))
            _read[value] = read = Reading(value);
        return read.Make(tower);
    }

    (Func<Tower, Node>, string?) Reading(double value)
    {
        if (Literals.IsExact(value))
            return (t => t.Number(Rational.OfBits(value)), null);
        foreach (var (constant, near) in Known)
            if (Math.Abs(Math.Abs(value) - near) <= 1e-6 * near && Agrees(Math.Abs(value), constant.Enclosed))
            {
                var signed = value < 0 ? constant with { Q = -constant.Q } : constant;
                return (t => Make(t, signed), $"{signed}");
            }
        if (Fraction(value) is { } fraction)
            return (t => t.Number(fraction), $"{fraction}");
        var exact = Rational.OfDecimal(value);
        // only a literal of the derivative is made of others, and only of the formula's
        if (Array.IndexOf(_others, value) >= 0)
            return (t => t.Number(exact), null);
        foreach (double a in _others)
        foreach (double b in _others)
        {
            var (p, q) = (Rational.OfDecimal(a), Rational.OfDecimal(b));
            foreach (var (sign, result) in ((string, Rational)[])[("*", p * q), ("/", p / q), ("+", p + q), ("-", p - q)])
                if (!result.IsZero && Agrees(value, result.Enclosed))
                    return (
                        t =>
                            sign == "*" ? t.Multiply(Read(t, a), Read(t, b))
                            : sign == "/" ? t.Divide(Read(t, a), Read(t, b))
                            : sign == "+" ? t.Add(Read(t, a), Read(t, b))
                            : t.Subtract(Read(t, a), Read(t, b)),
                        $"{Point.Text(a)} {sign} {Point.Text(b)}"
                    );
        }
        return (t => t.Number(exact), null);
    }

    /// <summary>Tells whether an exact number rounds to the literal: to the float, where it has a float's digits, else to the double or its neighbour, for f64 constants are folded.</summary>
    static bool Agrees(double literal, Enclosure exact)
    {
        bool isFloat = Literals.IsOfFloat(literal);
        double half = isFloat
            ? ((double)MathF.BitIncrement(MathF.Abs((float)literal)) - Math.Abs((double)(float)literal)) / 2
            : Math.BitIncrement(Math.Abs(literal)) - Math.Abs(literal);
        var centre = Enclosure.Of(isFloat ? (float)literal : literal);
        return Enclosure.MostApart(centre, exact) <= Dyadic.Of(half);
    }

    /// <summary>Finds a fraction of small numbers that rounds to the literal, by continued fractions: 0.16666667 is 1/6.</summary>
    static Rational? Fraction(double value)
    {
        int most = Literals.IsOfFloat(value) ? 64 : SmallFraction;
        double rest = value;
        BigInteger p = 1,
            q = 0,
            p1 = 0,
            q1 = 1;
        for (int i = 0; i < 12; i++)
        {
            double whole = Math.Floor(rest);
            if (Math.Abs(whole) > most)
                return null;
            var digit = new BigInteger(whole);
            (p, q, p1, q1) = (digit * p + p1, digit * q + q1, p, q);
            if (q > most)
                return null;
            var fraction = new Rational(p, q);
            // what is a short decimal anyway is read as one
            if (!fraction.IsZero && Agrees(value, fraction.Enclosed))
                return fraction.Equals(Rational.OfDecimal(value)) ? null : fraction;
            if (rest == whole)
                return null;
            rest = 1 / (rest - whole);
        }
        return null;
    }

    static Node Make(Tower tower, Named n)
    {
        var node = tower.Number(n.Q);
        if (n.A != 0)
            node = tower.Multiply(node, tower.Power(tower.Root(tower.Number(2), 2), Rational.Whole(n.A)));
        if (n.B != 0)
            node = tower.Multiply(node, tower.Power(tower.RootOfPi, Rational.Whole(n.B)));
        if (n.C != 0)
            node = tower.Multiply(node, tower.Power(tower.Log(tower.Number(2)), Rational.Whole(n.C)));
        if (n.D != 0)
            node = tower.Multiply(node, tower.Power(tower.Log(tower.Number(10)), Rational.Whole(n.D)));
        return n.F == 0 ? node : tower.Multiply(node, tower.Exp(tower.Number(n.F).Form));
    }

    static IEnumerable<(Named, double)> Candidates()
    {
        Rational[] factors =
        [
            new(1, 1),
            new(2, 1),
            new(1, 2),
            new(4, 1),
            new(1, 4),
            new(3, 1),
            new(1, 3),
            new(3, 2),
            new(2, 3),
            new(1, 180),
            new(180, 1),
        ];
        (int A, int B, int C, int D, int F)[] kernels =
        [
            (0, 2, 0, 0, 0),
            (0, -2, 0, 0, 0),
            (0, 1, 0, 0, 0),
            (0, -1, 0, 0, 0),
            (1, 0, 0, 0, 0),
            (1, -1, 0, 0, 0),
            (1, 1, 0, 0, 0),
            (1, 2, 0, 0, 0),
            (1, -2, 0, 0, 0),
            (0, 0, 1, 0, 0),
            (0, 0, -1, 0, 0),
            (0, 0, 0, 1, 0),
            (0, 0, 0, -1, 0),
            (0, 0, 1, -1, 0),
            (0, 0, -1, 1, 0),
            (0, 0, 0, 0, 1),
            (0, 0, 0, 0, -1),
        ];
        foreach (var (a, b, c, d, f) in kernels)
        foreach (var q in factors)
        {
            if (q.Down > 100 || q.Up > 100 ? b is not (2 or -2) : false)
                continue;
            var named = new Named(q, a, b, c, d, f);
            yield return (named, named.Enclosed.Middle);
        }
    }
}
