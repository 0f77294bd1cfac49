using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes exp(x) - 1 for a vector as 2^n (e^r - 1) + (2^n - 1), where e^r - 1 = r + r^2 P(r) comes without the 1 that would round it. x itself
/// where that is the nearest number, so that -0 and subnormal numbers stay; within 2 ulp.
/// </summary>
/// <remarks>
/// Reduction and polynomial are <see cref="Exponential"/>'s. All is computed at half its size, for 2^n alone may overflow; r and r^2 P(r) join one after
/// the other, for their sum would be rounded once more where the result is smaller than they are.
/// </remarks>
static class ExponentialLessOne
{
    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var x = code.Let("x", argument);
        // below, the result is -1; above, infinite
        var bounded = code.Let("c", code.IsWide ? code.Clamp(-40, 710, x) : code.Clamp(-20, 89, x));
        var rounder = code.Rounder(code.Bias - 1);
        var shifted = code.Let("t", code.Fma(bounded, code.C(1.44269504088896340736), rounder));
        var n = code.Let("n", Subtract(shifted, rounder));
        var r = code.Let(
            "r",
            code.Fma(
                n,
                code.C(-Exponential.LogOfTwoLow32, -Exponential.LogOfTwoLow64),
                code.Fma(n, code.C(-Exponential.LogOfTwoHigh32, -Exponential.LogOfTwoHigh64), bounded)
            )
        );
        var power = code.Let("p", code.PowerOfTwo(code.AsBits(shifted))); // 2^(n-1)
        var rest = Multiply(code.Horner(r, Exponential.Coefficients(code)), Multiply(r, r));
        var half = code.Let("h", code.Fma(rest, power, code.Fma(r, power, Subtract(power, code.C(0.5)))));
        var isTiny = code.Test("LessThan", code.Abs(x), code.C(Math.ScaleB(1, -25), Math.ScaleB(1, -54)));
        return code.Result(code.Select(isTiny, x, Add(half, half)));
    }
}
