using System.Linq.Expressions;
using Cv.Runtime;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes sin x and cos x for a vector: x = n pi/2 + r with |r| at most pi/4, then the sine or the cosine of r by a polynomial, with the sign that n
/// tells. Lanes beyond 1e5 (f32) or 1e8 (f64), where this reduction loses bits, are computed one by one. Within 2 ulp.
/// </summary>
/// <remarks>
/// The reduction is Cody and Waite's with pi/2 in three parts, each as long as a lane and multiplied without rounding
/// (Muller, "Elementary Functions", 3rd ed., 11.2). f64 coefficients are fdlibm's (k_sin.c, k_cos.c); those of f32 are minimax, found by Remez's exchange.
/// </remarks>
static class SineCosine
{
    // (sin r - r) / r^3 and (cos r - 1 + r^2/2) / r^4, in r^2
    static readonly double[] Sine32 = [-1.95180954E-4, 8.33218824E-3, -1.66666552E-1];
    static readonly double[] Cosine32 = [2.44323273E-5, -1.38873095E-3, 4.16666456E-2];
    static readonly double[] Sine64 =
    [
        1.58969099521155010221E-10,
        -2.50507602534068634195E-8,
        2.75573137070700676789E-6,
        -1.98412698298579493134E-4,
        8.33333333332248946124E-3,
        -1.66666666666666324348E-1,
    ];
    static readonly double[] Cosine64 =
    [
        -1.13596475577881948265E-11,
        2.08757232129817482790E-9,
        -2.75573143513906633035E-7,
        2.48015872894767294178E-5,
        -1.38888888888741095749E-3,
        4.16666666666666019037E-2,
    ];

    public static Expression Sine(Lanes lanes, Expression argument) => Of(lanes, argument, quarters: 0, nameof(FarAngles.Sine));

    public static Expression Cosine(Lanes lanes, Expression argument) => Of(lanes, argument, quarters: 1, nameof(FarAngles.Cosine));

    static Expression Of(Lanes lanes, Expression argument, int quarters, string beyond)
    {
        var code = new VectorCode(lanes);
        var x = code.Let("x", argument);
        var rounder = code.Rounder();
        var sum = code.Let("t", code.Fma(x, code.C(2 / Math.PI), rounder));
        var n = code.Let("n", Subtract(sum, rounder));
        var r = code.Let(
            "r",
            code.Fma(
                n,
                code.C(1.71512449E-15, 1.4973849048591833E-33),
                code.Fma(n, code.C(4.37113883E-8, -6.123233995736766E-17), code.Fma(n, code.C(-1.57079637, -Math.PI / 2), x))
            )
        );
        var quarter = code.Let("q", Add(code.AsBits(sum), code.Bits(quarters)));
        var square = code.Let("z", Multiply(r, r));
        var sine = code.Fma(Multiply(code.Horner(square, code.IsWide ? Sine64 : Sine32), square), r, r);
        var cosine = code.IsWide ? Cosine(code, square) : code.Horner(square, [.. Cosine32, -0.5, 1]);
        var isOdd = code.Test("Equals", And(quarter, code.Bits(1)), code.Bits(1));
        var value = code.Select(isOdd, cosine, sine);
        var sign = code.AsFloat(code.ShiftLeft(And(quarter, code.Bits(2)), code.IsWide ? 62 : 30));
        var turned = ExclusiveOr(value, sign);
        // the sine of -0 is -0, which the reduction does not keep
        var near = code.Let("y", quarters == 0 ? code.Select(code.Test("Equals", x, code.C(0)), x, turned) : turned);
        double bound = code.IsWide ? 1E8 : 1E5;
        var far = Lanes.Memory(typeof(FarAngles), beyond, [lanes.Vector, lanes.Float], x, near, Expression.Constant(bound));
        return code.Result(Expression.Condition(lanes.Call("GreaterThanAny", code.Abs(x), code.C(bound)), far, near));
    }

    /// <summary>Computes 1 - r^2/2 + ..., with what rounding took from the first two terms: fdlibm's way to stay below 1 ulp.</summary>
    static Expression Cosine(VectorCode code, Expression square)
    {
        var half = code.Let("hz", Multiply(square, code.C(0.5)));
        var first = code.Let("w", Subtract(code.C(1), half));
        var lost = Subtract(Subtract(code.C(1), first), half);
        return Add(first, code.Fma(Multiply(square, square), code.Horner(square, Cosine64), lost));
    }
}
