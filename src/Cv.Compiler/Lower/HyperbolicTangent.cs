using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes tanh x for a vector as e / (e + 2) with e = exp(2|x|) - 1, which keeps its bits near 0, and the sign of x. Odd to the last bit, -0
/// included; within 4 ulp.
/// </summary>
/// <remarks>
/// As <see cref="Exponential"/>, of twice the argument: |x| = n ln 2 / 2 + s. The polynomials are minimax, found by Remez's exchange for the relative
/// error of exp(2s) - 1 = 2s + s^2 P(s).
/// </remarks>
static class HyperbolicTangent
{
    // below 2^-30 of exp(2s) - 1 in f32, 2^-57 in f64
    static readonly double[] P32 = [2.51742583E-2, 8.91839415E-2, 2.66676545E-1, 6.66663468E-1, 1.33333325, 2];
    static readonly double[] P64 =
    [
        6.0383970698870509E-6,
        5.1431503488285897E-5,
        2.8239425292325704E-4,
        1.4109305734472371E-3,
        6.349200207959294E-3,
        2.5396825455520088E-2,
        8.8888888966877411E-2,
        2.6666666666635236E-1,
        6.6666666666628149E-1,
        1.3333333333333337,
        2.0000000000000004,
    ];

    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var x = code.Let("x", argument);
        // tanh is 1 from there on
        var a = code.Let("a", code.AtMost(code.IsWide ? 20 : 10, code.Abs(x)));
        var rounder = code.Rounder(code.Bias);
        var sum = code.Let("t", code.Fma(a, code.C(2 * 1.44269504088896340736), rounder));
        var n = code.Let("n", Subtract(sum, rounder));
        var s = code.Let(
            "s",
            code.Fma(
                n,
                code.C(-Exponential.LogOfTwoLow32 / 2, -Exponential.LogOfTwoLow64 / 2),
                code.Fma(n, code.C(-Exponential.LogOfTwoHigh32 / 2, -Exponential.LogOfTwoHigh64 / 2), a)
            )
        );
        var rest = Multiply(code.Horner(s, [.. code.IsWide ? P64 : P32, 2]), s);
        var power = code.Let("p", code.PowerOfTwo(code.AsBits(sum)));
        var e = code.Let("e", code.Fma(rest, power, Subtract(power, code.C(1))));
        return code.Result(Or(Divide(e, Add(e, code.C(2))), code.Sign(x)));
    }
}
