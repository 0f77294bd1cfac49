using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes exp x for a vector: x = n ln 2 + r with a whole n and |r| at most ln 2 / 2, then e^r by a polynomial, times 2^n in two steps, so that
/// results between the least normal number and 0 come out too. Exact at 0; elsewhere within 1 ulp.
/// </summary>
/// <remarks>
/// The reduction is Cody and Waite's (Muller, "Elementary Functions", 3rd ed., 11.2); ln 2 in two parts is fdlibm's. The polynomials are minimax,
/// found by Remez's exchange for the relative error of e^r = 1 + r + r^2 P(r), each coefficient rounded before the next was fitted.
/// </remarks>
static class Exponential
{
    public const double LogOfTwoHigh32 = 0.693145751953125;
    public const double LogOfTwoLow32 = 1.42860677E-6;
    public const double LogOfTwoHigh64 = 6.93147180369123816490E-1;
    public const double LogOfTwoLow64 = 1.90821492927058770002E-10;

    // below 2^-28 of e^r in f32, 2^-57 in f64
    static readonly double[] P32 = [1.38403988E-3, 8.36934894E-3, 4.16680835E-2, 1.66665152E-1, 4.9999994E-1];
    static readonly double[] P64 =
    [
        2.5019853412946728E-8,
        2.7630747883732275E-7,
        2.755753105635237E-6,
        2.4801491760406374E-5,
        1.9841269560100212E-4,
        1.3888888944853298E-3,
        8.333333333473792E-3,
        4.1666666666525805E-2,
        1.6666666666666438E-1,
        5.0000000000000111E-1,
    ];

    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var (twice, r) = Reduce(code, argument, negate: false);
        var power = code.Let("p", code.Horner(r, [.. Coefficients(code), 1, 1]));
        var half = code.Let("h", code.ShiftRight(twice, 1));
        return code.Result(Multiply(Multiply(power, code.PowerOfTwo(half)), code.PowerOfTwo(Subtract(twice, half))));
    }

    /// <summary>Gives the coefficients of (e^r - 1 - r) / r^2, from the highest power down.</summary>
    public static double[] Coefficients(VectorCode code) => code.IsWide ? P64 : P32;

    /// <summary>
    /// Gives n + 2 bias in the lowest bits, so that its halves are two exponents as they are stored, and r = x - n ln 2; or -r. Beyond the
    /// bounds that x is clamped to, exp is 0 or infinite anyway.
    /// </summary>
    public static (Expression TwiceBiased, Expression R) Reduce(VectorCode code, Expression argument, bool negate)
    {
        var x = code.Let("x", code.IsWide ? code.Clamp(-746, 710, argument) : code.Clamp(-104, 89, argument));
        var rounder = code.Rounder(2 * code.Bias);
        var sum = code.Let("t", code.Fma(x, code.C(1.44269504088896340736), rounder));
        var n = code.Let("n", Subtract(sum, rounder));
        int sign = negate ? 1 : -1;
        var r = code.Fma(
            n,
            code.C(sign * LogOfTwoLow32, sign * LogOfTwoLow64),
            code.Fma(n, code.C(sign * LogOfTwoHigh32, sign * LogOfTwoHigh64), negate ? Negate(x) : x)
        );
        return (code.Let("k", code.AsBits(sum)), code.Let("r", r));
    }
}
