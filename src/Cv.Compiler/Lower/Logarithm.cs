using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes log x for a vector: x = 2^n m with m about 1, then log m + n ln 2. f32 takes a polynomial in f = m - 1, f64 fdlibm's series in
/// f / (2 + f). Within 1 ulp; -infinity at 0, NaN below.
/// </summary>
/// <remarks>
/// The f64 form and its coefficients are those of e_log.c in Sun's fdlibm. The f32 polynomial is minimax, found by Remez's exchange for the
/// relative error of log(1 + f) = f - f^2/2 + f^3 P(f) on [-1/3, 1/3].
/// </remarks>
static class Logarithm
{
    // below 2^-26 of log(1 + f)
    static readonly double[] P32 =
    [
        -1.27340868E-1,
        1.40872583E-1,
        -1.22282244E-1,
        1.3990064E-1,
        -1.66766673E-1,
        2.00108752E-1,
        -2.49998972E-1,
        3.33332211E-1,
    ];
    static readonly double[] Even64 = [1.531383769920937332E-1, 2.222219843214978396E-1, 3.999999999940941908E-1];
    static readonly double[] Odd64 = [1.479819860511658591E-1, 1.818357216161805012E-1, 2.857142874366239149E-1, 6.666666666666735130E-1];

    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var x = code.Let("x", argument);
        var (n, f) = Split(code, x);
        var y = code.Let("y", code.IsWide ? Wide(code, n, f) : Narrow(code, n, f));
        var infinity = code.C(double.PositiveInfinity);
        var outside = code.Select(code.Test("Equals", x, code.C(0)), code.C(double.NegativeInfinity), code.C(double.NaN));
        var finite = code.Select(code.Test("Equals", x, infinity), infinity, y);
        return code.Result(code.Select(code.Test("GreaterThan", x, code.C(0)), finite, outside));
    }

    /// <summary>Gives the whole n, and f = m - 1, for x = 2^n m with m from c to 2c, c being 2/3 (f32) or the root of 1/2 (f64); x is positive.</summary>
    public static (Expression N, Expression F) Split(VectorCode code, Expression x)
    {
        // below the least normal number the exponent tells nothing: scale
        int scale = code.IsWide ? 54 : 24;
        var tiny = code.Let("tiny", code.Test("LessThan", x, code.C(1.17549435E-38f, 2.2250738585072014E-308)));
        var scaled = code.AsBits(code.Select(tiny, Multiply(x, code.C(Math.ScaleB(1, scale))), x));
        double least = code.IsWide ? Math.Sqrt(0.5) : 2f / 3;
        var above = code.Let("k", Add(scaled, Subtract(code.BitsOf(1), code.BitsOf(least))));
        // the exponent in the place of a large number's fraction makes that number larger by as much
        double large = 1L << code.FractionBits;
        var exponent = code.AsFloat(Or(code.ShiftRight(above, code.FractionBits), code.BitsOf(large)));
        var zero = code.Select(tiny, code.C(large + code.Bias + scale), code.C(large + code.Bias));
        var m = code.AsFloat(Add(And(above, code.Bits((1L << code.FractionBits) - 1)), code.BitsOf(least)));
        return (code.Let("n", Subtract(exponent, zero)), code.Let("f", Subtract(m, code.C(1))));
    }

    static Expression Narrow(VectorCode code, Expression n, Expression f)
    {
        var rest = code.Horner(f, [.. P32, -0.5]);
        return code.Fma(n, code.C(0.693147180559945309417), code.Fma(rest, Multiply(f, f), f));
    }

    static Expression Wide(VectorCode code, Expression n, Expression f)
    {
        var s = code.Let("s", Divide(f, Add(f, code.C(2))));
        var z = code.Let("z", Multiply(s, s));
        var w = code.Let("w", Multiply(z, z));
        var series = Add(Multiply(w, code.Horner(w, Even64)), Multiply(z, code.Horner(w, Odd64)));
        var square = code.Let("q", Multiply(Multiply(f, f), code.C(0.5)));
        var low = code.Fma(s, Add(square, series), Multiply(n, code.C(Exponential.LogOfTwoLow64)));
        return Subtract(Multiply(n, code.C(Exponential.LogOfTwoHigh64)), Subtract(Subtract(square, low), f));
    }
}
