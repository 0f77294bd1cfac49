using System.Linq.Expressions;
using Cv.Dsl;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes a^b for a vector as 2^(b log2 |a|), with the sign that a whole, odd power of a negative base has. f32 goes through f64 lanes; f64 keeps
/// the logarithm as the sum of two numbers. Within 1 ulp in f32, 2 in f64. The special cases are those of IEEE 754's pow, as Math.Pow has them.
/// </summary>
/// <remarks>
/// log2 m = s (c0 + c1 s^2 + ...) with s = (m - 1) / (m + 1). The polynomials are minimax, found by Remez's exchange; the arithmetic on pairs is
/// Dekker's with fused multiply-adds (Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 4.3 to 4.4 and 14.1).
/// </remarks>
static class Power
{
    // log2((1 + s) / (1 - s)) / s, in s^2: below 2^-45 of it
    static readonly double[] Log32 =
    [
        2.8294316814713283E-1,
        3.1990284498142935E-1,
        4.1220931775841818E-1,
        5.7707794176249161E-1,
        9.6179669411524615E-1,
        2.8853900817778491,
    ];

    // the same after its first two terms, 2 / ln 2 and a third of it, which are sums of two numbers: below 2^-66
    static readonly double[] Log64 =
    [
        1.9038557380353652E-1,
        1.9125515597460879E-1,
        2.2198399748901421E-1,
        2.6230770114217816E-1,
        3.2059890227324755E-1,
        4.1219858309194241E-1,
        5.7707801635561795E-1,
    ];
    const double First = 2.8853900817779268;
    const double FirstRest = 4.0710547481862066E-17;
    const double Second = 9.6179669392597555E-1;
    const double SecondRest = 5.0577616648125907E-17;

    // 2^f for |f| <= 1/2: below 2^-39 and 2^-55
    static readonly double[] Exp32 =
    [
        1.3344453346320674E-6,
        1.5314336898070398E-5,
        1.5403096485856196E-4,
        1.3333433641736579E-3,
        9.6181295616533276E-3,
        5.5504109598084404E-2,
        2.4022650694732892E-1,
        6.931471805410766E-1,
        1,
    ];
    static readonly double[] Exp64 =
    [
        4.434770072639633E-10,
        7.0737839945249883E-9,
        1.0178199585890634E-7,
        1.3215435278231231E-6,
        1.5252733493079377E-5,
        1.5403530457119681E-4,
        1.3333558146774685E-3,
        9.6181291075941137E-3,
        5.5504108664820084E-2,
        2.402265069591013E-1,
        6.9314718055994529E-1,
        1,
    ];

    public static Expression Of(Lanes lanes, Expression @base, Expression power)
    {
        var code = new VectorCode(lanes);
        var a = code.Let("a", @base);
        var b = code.Let("b", power);
        var size = code.Let("m", code.Abs(a));
        var value = code.Let("v", code.IsWide ? Wide(lanes, size, b) : Narrow(lanes, size, b));
        Expression Is(string comparison, Expression x, Expression y) => code.Test(comparison, x, y);
        var (zero, one, infinity) = (code.C(0), code.C(1), code.C(double.PositiveInfinity));
        // 0 and infinity: to a positive power themselves, to a negative one each other
        var isZero = code.Let("isZero", Is("Equals", size, zero));
        var extreme = code.Select(ExclusiveOr(isZero, Is("GreaterThan", b, zero)), infinity, zero);
        value = code.Let("v", code.Select(Or(isZero, Is("Equals", size, infinity)), extreme, value));
        value = code.Let("v", code.Select(Is("Equals", size, one), one, value));
        // negative bases
        var half = code.Let("half", Multiply(b, code.C(0.5)));
        var isWhole = code.Let("whole", Is("Equals", lanes.Call("Truncate", b), b));
        var isOdd = code.Let("odd", And(isWhole, OnesComplement(Is("Equals", lanes.Call("Truncate", half), half))));
        value = code.Let("v", Or(value, And(isOdd, code.Sign(a))));
        var isNegative = And(Is("LessThan", a, zero), Is("GreaterThan", a, code.C(double.NegativeInfinity)));
        value = code.Let("v", code.Select(And(isNegative, OnesComplement(isWhole)), code.C(double.NaN), value));
        // NaN, but for x^0 and 1^y
        var isNumber = And(Is("Equals", a, a), Is("Equals", b, b));
        value = code.Let("v", code.Select(isNumber, value, code.C(double.NaN)));
        return code.Result(code.Select(Or(Is("Equals", b, zero), Is("Equals", a, one)), one, value));
    }

    /// <summary>Computes a^b for positive a of f32 in f64 lanes, half a vector at a time.</summary>
    static Expression Narrow(Lanes lanes, Expression a, Expression b)
    {
        var wide = new Lanes(lanes.Bits, DType.F64);
        Expression Half(string widen)
        {
            var code = new VectorCode(wide);
            var (n, f) = Logarithm.Split(code, code.Let("x", lanes.Call(widen, a)));
            var s = code.Let("s", Divide(f, Add(f, code.C(2))));
            var log = code.Fma(s, code.Horner(code.Let("z", Multiply(s, s)), Log32), n);
            // f32 overflows and vanishes within these bounds, f64 does not
            var y = code.Let("y", code.Clamp(-200, 200, Multiply(log, lanes.Call(widen, b))));
            var rounder = code.Rounder(code.Bias);
            var sum = code.Let("t", Add(y, rounder));
            var rest = code.Let("r", Subtract(y, Subtract(sum, rounder)));
            return code.Result(Multiply(code.Horner(rest, Exp32), code.PowerOfTwo(code.AsBits(sum))));
        }
        return lanes.Call("Narrow", Half("WidenLower"), Half("WidenUpper"));
    }

    /// <summary>Computes a^b for positive a of f64.</summary>
    static Expression Wide(Lanes lanes, Expression a, Expression b)
    {
        var code = new VectorCode(lanes);
        ParameterExpression Let(string name, Expression value) => code.Let(name, value);
        var (n, f) = Logarithm.Split(code, a);
        // s = f / (2 + f), and what rounding took from it
        var under = Let("d", Add(f, code.C(2)));
        var underRest = Subtract(f, Subtract(under, code.C(2)));
        var s = Let("s", Divide(f, under));
        var sRest = Let("sl", Divide(Subtract(code.Fma(Negate(s), under, f), Multiply(s, underRest)), under));
        var z = Let("z", Multiply(s, s));
        var zRest = Let("zl", code.Fma(Add(s, s), sRest, code.Fma(s, s, Negate(z))));
        // c1 + z (...), then c0 + z (c1 + ...), each as a pair
        var tail = Let("q", Multiply(z, code.Horner(z, Log64)));
        var inner = Let("i", Add(code.C(Second), tail));
        var innerRest = Let("il", Add(Subtract(tail, Subtract(inner, code.C(Second))), code.C(SecondRest)));
        var product = Let("p", Multiply(z, inner));
        var productRest = code.Fma(z, innerRest, code.Fma(zRest, inner, code.Fma(z, inner, Negate(product))));
        var outer = Let("o", Add(code.C(First), product));
        var outerRest = Let("ol", Add(Add(Subtract(product, Subtract(outer, code.C(First))), code.C(FirstRest)), productRest));
        var log = Let("l", Multiply(s, outer));
        var logRest = Let("ll", code.Fma(s, outerRest, code.Fma(sRest, outer, code.Fma(s, outer, Negate(log)))));
        var sum = Let("g", Add(n, log));
        var sumRest = Let("gl", Add(Subtract(log, Subtract(sum, n)), logRest));
        // y = b log2 a as a pair; its rest is of use only where the result is neither 0 nor infinite
        var raw = Let("w", Multiply(b, sum));
        var y = Let("y", code.Clamp(-1080, 1030, raw));
        var rawRest = code.Fma(b, sumRest, code.Fma(b, sum, Negate(raw)));
        var yRest = code.Select(code.Test("Equals", raw, y), rawRest, code.C(0));
        var rounder = code.Rounder(2 * code.Bias);
        var rounded = Let("t", Add(y, rounder));
        var r = Let("r", Add(Subtract(y, Subtract(rounded, rounder)), yRest));
        var power = code.Horner(r, Exp64);
        var twice = Let("k", code.AsBits(rounded));
        var half = Let("h", code.ShiftRight(twice, 1));
        return code.Result(Multiply(Multiply(power, code.PowerOfTwo(half)), code.PowerOfTwo(Subtract(twice, half))));
    }
}
