using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes log(1 + x) for a vector: the logarithm of the rounded sum u, plus what the sum lost, divided by u. x itself where u is 1, so that -0 and
/// subnormal numbers stay; within 2 ulp. -infinity at -1, NaN below.
/// </summary>
/// <remarks>
/// log(u + c) = log u + c/u - ..., the correction of s_log1p.c in Sun's fdlibm; c is exact, being what the larger of 1 and x leaves of the smaller
/// (Dekker's sum; Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 4.3).
/// </remarks>
static class LogarithmOfSum
{
    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var x = code.Let("x", argument);
        var sum = code.Let("u", Add(code.C(1), x));
        var lost = Subtract(code.AtMost(1, x), Subtract(sum, code.AtLeast(1, x)));
        // at -1 and at infinity the quotient would be NaN
        var inside = And(code.Test("GreaterThan", sum, code.C(0)), code.Test("LessThan", sum, code.C(double.PositiveInfinity)));
        var rest = code.Let("c", code.Select(inside, Divide(lost, sum), code.C(0)));
        var log = Add(Logarithm.Of(lanes, sum), rest);
        return code.Result(code.Select(code.Test("Equals", sum, code.C(1)), x, log));
    }
}
