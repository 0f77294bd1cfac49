using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>Writes erf x for a vector: near 0 x times a function of x^2, beyond it 1 - exp(...) with the sign of x. Within 2 ulp in f32, 4 in f64.</summary>
/// <remarks>
/// f32: minimax polynomials, found by Remez's exchange, for erf(x)/x - 1 up to 0.927 and for log(1 - erf x) up to 4, from where on erf is 1.
/// f64: the rational functions of Moshier's Cephes library (ndtr.c), as <see cref="Dsl.SpecialFunctions.Erf(double)"/> has them.
/// </remarks>
static class ErrorFunction
{
    static readonly double[] Near32 = [-5.95374266E-4, 4.98594064E-3, -2.676172E-2, 1.12816826E-1, -3.76124799E-1, 1.28379151E-1];
    static readonly double[] Far32 = [2.13749314E-4, -3.21300817E-3, 2.28837021E-2, -1.05252042E-1, -6.35725796E-1, -1.12851214];

    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var x = code.Let("x", argument);
        var a = code.Let("a", code.Abs(x));
        var square = code.Let("z", Multiply(x, x));
        return code.Result(code.IsWide ? Wide(code, x, a, square) : Narrow(code, x, a, square));
    }

    static Expression Narrow(VectorCode code, Expression x, Expression a, Expression square)
    {
        var near = code.Fma(code.Horner(square, Near32), x, x);
        var t = code.Let("t", code.AtMost(4, a));
        var power = Exponential.Of(code.Lanes, Multiply(code.Horner(t, Far32), t));
        var far = Or(Subtract(code.C(1), power), code.Sign(x));
        return code.Select(code.Test("LessThan", a, code.C(0.927)), near, far);
    }

    static Expression Wide(VectorCode code, Expression x, Expression a, Expression square)
    {
        var near = Divide(
            Multiply(x, code.Horner(square, Dsl.SpecialFunctions.ErfNumerator)),
            code.Horner(square, Dsl.SpecialFunctions.ErfDenominator)
        );
        var t = code.Let("t", code.AtMost(8, a));
        var part = Divide(code.Horner(t, Dsl.SpecialFunctions.ErfcNumerator), code.Horner(t, Dsl.SpecialFunctions.ErfcDenominator));
        var power = Exponential.Of(code.Lanes, Multiply(Negate(t), t));
        var far = Or(Subtract(code.C(1), Multiply(power, part)), code.Sign(x));
        return code.Select(code.Test("LessThan", a, code.C(1)), near, far);
    }
}
