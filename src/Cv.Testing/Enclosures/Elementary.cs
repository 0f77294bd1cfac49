using System.Numerics;

namespace Cv.Testing;

/// <summary>
/// Encloses elementary functions. Each is a series on fixed-point numbers of <see cref="Places"/> bits, after its argument was made small by an exact identity; what is cut, a few
/// hundred units of the last place at most, is far below <see cref="Margin"/>, by which each result is widened.
/// </summary>
/// <remarks>Brent and Zimmermann, "Modern Computer Arithmetic" (2010), chapter 4.</remarks>
static class Elementary
{
    const int Places = 336;
    const int Margin = 304; // bits of a series' sum that are certain
    const int LongPlaces = 2400; // of pi, to reduce the largest double

    static readonly BigInteger Unit = BigInteger.One << Places;
    static readonly BigInteger LongPi = 4 * (4 * Inverse(-1, 5, LongPlaces) - Inverse(-1, 239, LongPlaces));

    public static Enclosure Pi { get; } = Within(LongPi >> (LongPlaces - Places));

    public static Enclosure Ln2 { get; } =
        Within(18 * Inverse(1, 26, Places) - 2 * Inverse(1, 4801, Places) + 8 * Inverse(1, 8749, Places));

    public static Enclosure Ln10 { get; } = Log(Enclosure.Of(10));

    public static Enclosure RootOfPi { get; } = Sqrt(Pi);

    /// <summary>atanh(1/n), or atan(1/n) with signs, in fixed point.</summary>
    static BigInteger Inverse(int sign, int n, int places)
    {
        var power = (BigInteger.One << places) / n;
        var total = power;
        int s = sign;
        for (int k = 3; !power.IsZero; k += 2, s *= sign)
            total += s * ((power /= n * n) / k);
        return total;
    }

    static Enclosure Within(BigInteger sum) =>
        new(new(sum - (BigInteger.One << (Places - Margin)), -Places), new(sum + (BigInteger.One << (Places - Margin)), -Places));

    /// <summary>Sums 1 + t r1 (1 + t r2 (1 + ...)) as its terms go: each is the last times t, times a ratio of two small numbers.</summary>
    static BigInteger Series(BigInteger t, Func<int, (long Up, long Down)> ratio)
    {
        BigInteger term = Unit,
            sum = Unit;
        for (int k = 1; !term.IsZero && term != BigInteger.MinusOne; k++)
        {
            var (up, down) = ratio(k);
            term = (term * t >> Places) * up / down;
            sum += term;
        }
        return sum;
    }

    static Enclosure Monotone(Enclosure x, Func<Dyadic, Enclosure> f) =>
        !x.IsDefined ? Enclosure.Undefined
        : x.IsPoint ? f(x.Low)
        : f(x.Low) is { IsDefined: true, Low: var low } && f(x.High) is { IsDefined: true, High: var high } ? new(low, high)
        : Enclosure.Undefined;

    public static Enclosure Exp(Enclosure x) => Monotone(x, Exp);

    static Enclosure Exp(Dyadic x)
    {
        if (x.Sign == 0)
            return Enclosure.One;
        if (x.Top > 50) // beyond all that could matter, in either direction
            return x.Sign > 0 ? new(Dyadic.One.Scale(1L << 50), Dyadic.Infinity) : new(Dyadic.Zero, Dyadic.One.Scale(-(1L << 50)));
        long n = (long)Math.Round(x.ToDouble() / Math.Log(2));
        var r = new Enclosure(x) - Enclosure.Of(n) * Ln2;
        // the error of r, at most 2^-250 of 2^50, moves the result by as much
        var sum = Series(r.Low.Fixed(Places), k => (1, k));
        var width = Dyadic.Add(r.High, -r.Low, true);
        return Within(sum).Widened(width.Scale(1)).Scale(n);
    }

    public static Enclosure Expm1(Enclosure x) =>
        Monotone(x, v => v.Top > -2 ? Exp(v) - Enclosure.One : new Enclosure(v) * Within(Series(v.Fixed(Places), k => (1, k + 1))));

    public static Enclosure Log(Enclosure x) => x.IsDefined && x.Low.Sign <= 0 ? Enclosure.Undefined : Monotone(x, Log);

    static Enclosure Log(Dyadic x)
    {
        if (x.IsInfinite)
            return new(x);
        long k = x.Top;
        var m = x.Scale(-k); // 1/2 to 1
        if (m.ToDouble() < 0.7)
            (m, k) = (m.Scale(1), k - 1);
        var log = TwiceArtanh((new Enclosure(m) - Enclosure.One) / (new Enclosure(m) + Enclosure.One));
        return k == 0 ? log : Enclosure.Of(k) * Ln2 + log;
    }

    // 2 atanh s, |s| below 1/5
    static Enclosure TwiceArtanh(Enclosure s) => (s * Odd(s * s)).Scale(1);

    /// <summary>1 + t/3 + t^2/5 + ..., for |t| below 1/8: enclosed at both ends, since it rises with t.</summary>
    static Enclosure Odd(Enclosure t) => Monotone(t, v => Within(OddSum(v.Fixed(Places))));

    static BigInteger OddSum(BigInteger t)
    {
        BigInteger power = Unit,
            sum = Unit;
        for (int k = 3; !power.IsZero && power != BigInteger.MinusOne; k += 2)
            sum += (power = power * t >> Places) / k;
        return sum;
    }

    public static Enclosure Log1p(Enclosure x) =>
        x.IsDefined && x.Low <= -Dyadic.One
            ? Enclosure.Undefined
            : Monotone(
                x,
                v =>
                    v.Top > -2
                        ? Log(new Enclosure(v) + Enclosure.One)
                        : TwiceArtanh(new Enclosure(v) / (new Enclosure(v) + Enclosure.Of(2)))
            );

    public static Enclosure Sqrt(Enclosure x) =>
        x.IsDefined && x.Low.Sign >= 0 ? new(Dyadic.Root(x.Low, false), Dyadic.Root(x.High, true)) : Enclosure.Undefined;

    public static Enclosure Cbrt(Enclosure x) =>
        x.IsZero ? x
        : x.IsPositive ? Exp(Log(x) / Enclosure.Of(3))
        : x.IsNegative ? -Cbrt(-x)
        : Enclosure.Undefined;

    public static Enclosure Atan(Enclosure x) => Monotone(x, Atan);

    static Enclosure Atan(Dyadic x)
    {
        if (x.Sign == 0)
            return Enclosure.Zero;
        if (x.IsInfinite || x.Abs() > Dyadic.One)
            return (x.Sign > 0 ? Pi.Scale(-1) : -Pi.Scale(-1))
                - (x.IsInfinite ? Enclosure.Zero : SmallAtan(Enclosure.One / new Enclosure(x)));
        return SmallAtan(new(x));
    }

    // atan s = 2 atan(s / (1 + sqrt(1 + s^2))), three times
    static Enclosure SmallAtan(Enclosure s)
    {
        for (int i = 0; i < 3; i++)
            s /= Enclosure.One + Sqrt(Enclosure.One + s * s);
        return (s * Odd(-(s * s))).Scale(3);
    }

    public static Enclosure Sin(Enclosure x) => Wave(x, 0);

    public static Enclosure Cos(Enclosure x) => Wave(x, 1);

    static Enclosure Wave(Enclosure x, int quarters)
    {
        if (!x.IsDefined)
            return x;
        // as far off as half the width, for no slope is above 1
        var width = Dyadic.Add(x.High, -x.Low, true);
        return (x.Low.Top > 1100 ? new Enclosure(-Dyadic.One, Dyadic.One) : Turned(x.Low, quarters).Widened(width)).Clamped(
            -Dyadic.One,
            Dyadic.One
        );
    }

    static Enclosure Turned(Dyadic x, int quarters)
    {
        if (x.Sign == 0)
            return quarters == 0 ? Enclosure.Zero : Enclosure.One;
        var half = LongPi >> 1;
        BigInteger v = x.Fixed(LongPlaces),
            n = BigInteger.Divide(2 * v + (v.Sign < 0 ? -half : half), 2 * half);
        // a tiny argument keeps its digits; any other has lost none that count
        var r = n.IsZero ? new Enclosure(x) : Short(new Dyadic(v - n * half, -LongPlaces));
        var square = -(r * r);
        var sine = r * Monotone(square, t => Within(Series(t.Fixed(Places), k => (1, 2L * k * (2 * k + 1)))));
        var cosine = Monotone(square, t => Within(Series(t.Fixed(Places), k => (1, 2L * k * (2 * k - 1)))));
        return (int)((n + quarters) & 3) switch
        {
            0 => sine,
            1 => cosine,
            2 => -sine,
            _ => -cosine,
        };
    }

    static Enclosure Short(Dyadic r) =>
        new Enclosure(Dyadic.Add(r, Dyadic.Zero, false), Dyadic.Add(r, Dyadic.Zero, true)).Widened(Dyadic.One.Scale(-Margin - 900));

    public static Enclosure Erf(Enclosure x) => Monotone(x, Erf);

    static Enclosure Erf(Dyadic x)
    {
        if (x.Sign < 0)
            return -Erf(-x);
        if (x.Sign == 0)
            return Enclosure.Zero;
        var v = new Enclosure(x);
        if (x > Dyadic.Of(10))
            return new((Enclosure.One - Exp(-(v * v))).Low, Dyadic.One); // 1 - erf x is below exp(-x^2)
        // 2 x / sqrt(pi) exp(-x^2) sum of (2 x^2)^n / (1 3 5 .. (2n+1)): all terms of one sign (DLMF 7.6.2)
        var square = v * v;
        var sum = Monotone(square.Scale(1), t => Relative(Series(t.Fixed(Places), k => (1, 2 * k + 1))));
        return (v.Scale(1) / RootOfPi * Exp(-square) * sum).Clamped(Dyadic.Zero, Dyadic.One);
    }

    static Enclosure Relative(BigInteger sum)
    {
        var error = sum >> (Margin - 8);
        return new(new(sum - error, -Places), new(sum + error, -Places));
    }
}
