using Cv.Dsl;
using static Cv.Testing.Elementary;

namespace Cv.Testing;

/// <summary>Encloses the functions of scalar rules and their derivatives, as textbooks give them.</summary>
/// <remarks>NIST Digital Library of Mathematical Functions, chapters 4 and 7.</remarks>
static class JetFunctions
{
    static readonly Enclosure One = Enclosure.One,
        Two = Enclosure.Of(2);

    static readonly Dictionary<string, (Func<Enclosure, Enclosure> Value, Func<Enclosure, Enclosure> Slope)> Table = new(
        StringComparer.Ordinal
    )
    {
        ["Exp"] = (Exp, Exp),
        ["Exp2"] = (x => Exp(x * Ln2), x => Ln2 * Exp(x * Ln2)),
        ["Exp10"] = (x => Exp(x * Ln10), x => Ln10 * Exp(x * Ln10)),
        ["Expm1"] = (Expm1, Exp),
        ["Log"] = (Log, x => One / x),
        ["Log2"] = (x => Log(x) / Ln2, x => One / (x * Ln2)),
        ["Log10"] = (x => Log(x) / Ln10, x => One / (x * Ln10)),
        ["Log1p"] = (Log1p, x => One / (One + x)),
        ["Sqrt"] = (Sqrt, x => One / Sqrt(x).Scale(1)),
        ["Cbrt"] = (Cbrt, x => One / (Enclosure.Of(3) * Cbrt(x) * Cbrt(x))),
        ["Sin"] = (Sin, Cos),
        ["Cos"] = (Cos, x => -Sin(x)),
        ["Tan"] = (x => Sin(x) / Cos(x), x => One / (Cos(x) * Cos(x))),
        ["Asin"] = (x => Arc(x), x => One / Sqrt((One - x) * (One + x))),
        ["Acos"] = (x => Pi.Scale(-1) - Arc(x), x => -(One / Sqrt((One - x) * (One + x)))),
        ["Atan"] = (Atan, x => One / (One + x * x)),
        ["Sinh"] = (Sinh, Cosh),
        ["Cosh"] = (Cosh, Sinh),
        ["Tanh"] = (Tanh, x => One / (Cosh(x) * Cosh(x))),
        ["Asinh"] = (Asinh, x => One / Sqrt(One + x * x)),
        ["Acosh"] = (x => Log(x + Sqrt((x - One) * (x + One))), x => One / Sqrt((x - One) * (x + One))),
        ["Atanh"] = (x => (Log1p(x) - Log1p(-x)).Scale(-1), x => One / ((One - x) * (One + x))),
        ["Erf"] = (Erf, x => Exp(-(x * x)).Scale(1) / RootOfPi),
        ["Sigmoid"] = (Sigmoid, x => Sigmoid(x) * Sigmoid(-x)),
        ["Softplus"] = (Softplus, Sigmoid),
        ["LogCosh"] = (x => Rising(x.Abs(), v => v + Log1p(Exp(-v.Scale(1))) - Ln2), Tanh),
    };

    static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "Abs",
        "Sign",
        "CopySign",
        "Max",
        "Min",
        "Floor",
        "Ceiling",
        "Truncate",
        "Round",
        "Pow",
        "Hypot",
        "Atan2",
        "Remainder",
    };

    /// <summary>Tells whether a function is known here; what is not is judged by differences.</summary>
    public static bool Knows(ScalarFunction function) =>
        !function.IsOwn && (Table.ContainsKey(function.Name) || Others.Contains(function.Name));

    public static Jet Apply(string name, Jet[] x)
    {
        if (x.Any(j => !j.Value.IsDefined))
            return Jet.Undefined;
        if (x.Length == 1 && Table.TryGetValue(name, out var f))
            return new(f.Value(x[0].Value), x[0].Slope.IsZero ? x[0].Slope : f.Slope(x[0].Value) * x[0].Slope);
        return (name, x) switch
        {
            ("Floor", [var a]) => Whole(a.Value, v => v),
            ("Ceiling", [var a]) => Jet.Of(-Whole(-a.Value, v => v).Value),
            ("Truncate", [var a]) => a.Value.IsNegative ? Jet.Of(-Whole(-a.Value, v => v).Value) : Whole(a.Value, v => v),
            ("Round", [var a]) => Nearest(a.Value),
            ("Pow", [var a, var b]) => Power(a, b),
            ("Hypot", [var a, var b]) => Hypot(a, b),
            ("Atan2", [var b, var a]) => new(Angle(b.Value, a.Value), Turn(b, a)),
            ("Remainder", [var a, var b]) => Remainder(a, b),
            _ => throw new UnknownToOracleException($"check: enclosures know no {name}. Check it by differences."),
        };
    }

    static Enclosure Arc(Enclosure x) =>
        x.IsPoint && x.Low.Abs() == Dyadic.One ? (x.Low.Sign > 0 ? Pi.Scale(-1) : -Pi.Scale(-1)) : Atan(x / Sqrt((One - x) * (One + x)));

    static Enclosure Sinh(Enclosure x) => Rising(x, v => (Expm1(v) - Expm1(-v)).Scale(-1));

    static Enclosure Cosh(Enclosure x) => Rising(x.Abs(), v => (Exp(v) + Exp(-v)).Scale(-1));

    static Enclosure Tanh(Enclosure x) =>
        Rising(
            x,
            v =>
                v.Low.Sign < 0 ? -Tanh(-v)
                : Expm1(-v.Scale(1)) is var e ? -e / (Two + e)
                : v
        );

    static Enclosure Asinh(Enclosure x) => Rising(x, v => v.Low.Sign < 0 ? -Asinh(-v) : Log1p(v + v * v / (One + Sqrt(One + v * v))));

    static Enclosure Sigmoid(Enclosure x) => Rising(x, v => v.Low.Sign < 0 ? Exp(v) / (One + Exp(v)) : One / (One + Exp(-v)));

    static Enclosure Softplus(Enclosure x) => Rising(x, v => v.Low.Sign > 0 ? v + Log1p(Exp(-v)) : Log1p(Exp(v)));

    static Enclosure Rising(Enclosure x, Func<Enclosure, Enclosure> f) =>
        !x.IsDefined ? x
        : x.IsPoint ? f(x)
        : f(new(x.Low)) is { IsDefined: true, Low: var low } && f(new(x.High)) is { IsDefined: true, High: var high } ? new(low, high)
        : Enclosure.Undefined;

    static Jet Whole(Enclosure x, Func<double, double> then)
    {
        // a double holds no fraction from 2^53 on
        if (x.Low.Top > 52 || x.High.Top > 52)
            return x.IsPoint && x.Low.IsWhole ? Jet.Of(x) : Jet.Undefined;
        var (low, high) = (x.Low.Fixed(0), x.High.Fixed(0));
        return low == high ? Jet.Of(Enclosure.Of(then((double)low))) : Jet.Undefined;
    }

    static Jet Nearest(Enclosure x)
    {
        var floor = Whole(x + Enclosure.Of(0.5), v => v);
        bool tie = x.IsPoint && !x.Low.IsWhole && x.Low.Scale(1).IsWhole;
        return tie ? Jet.Of(Enclosure.Of(Math.Round(x.Middle))) : floor;
    }

    static Jet Power(Jet a, Jet b)
    {
        var value = Power(a.Value, b.Value);
        var slope = Enclosure.Zero;
        if (!a.Slope.IsZero)
            slope += b.Value.IsZero ? Enclosure.Zero : a.Slope * b.Value * Power(a.Value, b.Value - One);
        if (!b.Slope.IsZero)
            slope += b.Slope * value * Log(a.Value);
        return new(value, slope);
    }

    static Enclosure Power(Enclosure a, Enclosure b)
    {
        if (b.IsZero)
            return One;
        if (b.IsPoint && b.Low.IsWhole)
        {
            if (b.Low.Sign < 0)
                return One / Power(a, -b);
            if (b.Low.Top < 7)
                return Product(a, (int)b.Low.ToDouble());
            bool odd = !b.Low.Scale(-1).IsWhole;
            return a.IsNegative ? (odd ? -Power(-a, b) : Power(-a, b))
                : a.IsZero ? a
                : Exp(b * Log(a));
        }
        return a.IsZero ? (b.IsPositive ? a : Enclosure.Undefined) : Exp(b * Log(a));
    }

    static Enclosure Product(Enclosure a, int n) =>
        n == 1 ? a
        : n % 2 == 1 ? a * Product(a, n - 1)
        : Product(a, n / 2) is var half
            ? (half * half is { IsDefined: true } square ? new(Dyadic.Max(square.Low, Dyadic.Zero), square.High) : Enclosure.Undefined)
        : a;

    static Jet Hypot(Jet a, Jet b)
    {
        var y = Sqrt(a.Value * a.Value + b.Value * b.Value);
        return new(y, (ExactRun.Times(a.Slope, a.Value) + ExactRun.Times(b.Slope, b.Value)) / y);
    }

    static Enclosure Angle(Enclosure y, Enclosure x) =>
        x.IsPositive ? Atan(y / x)
        : y.IsPositive ? Pi.Scale(-1) - Atan(x / y)
        : y.IsNegative ? -Pi.Scale(-1) - Atan(x / y)
        : Enclosure.Undefined;

    static Enclosure Turn(Jet y, Jet x) =>
        (ExactRun.Times(y.Slope, x.Value) - ExactRun.Times(x.Slope, y.Value)) / (x.Value * x.Value + y.Value * y.Value);

    // a - b trunc(a / b)
    static Jet Remainder(Jet a, Jet b)
    {
        var quotient = a.Value / b.Value;
        if (!quotient.IsDefined)
            return Jet.Undefined;
        var whole = quotient.IsNegative ? Jet.Of(-Whole(-quotient, v => v).Value) : Whole(quotient, v => v);
        return ExactRun.Add(a, ExactRun.Negate(ExactRun.Multiply(b, whole)));
    }
}
