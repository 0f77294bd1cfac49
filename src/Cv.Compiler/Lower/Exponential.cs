using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>
/// Writes exp x for a vector: x = n ln 2 + r with a whole n and |r| at most ln 2 / 2, then e^r by a polynomial (f32) or a rational function
/// (f64), times 2^n in two steps, so that results between the least normal number and 0 come out too. Exact at 0; elsewhere within 2 ulp.
/// The coefficients are Moshier's, from the Cephes library.
/// </summary>
static class Exponential
{
    static readonly double[] Polynomial =
    [
        1.9875691500E-4,
        1.3981999507E-3,
        8.3334519073E-3,
        4.1665795894E-2,
        1.6666665459E-1,
        5.0000001201E-1,
    ];
    static readonly double[] Numerator = [1.26177193074810590878E-4, 3.02994407707441961300E-2, 9.99999999999999999910E-1];
    static readonly double[] Denominator =
    [
        3.00198505138664455042E-6,
        2.52448340349684104192E-3,
        2.27265548208155028766E-1,
        2.00000000000000000005E0,
    ];

    public static Expression Of(Lanes lanes, Expression argument)
    {
        bool wide = lanes.Type == DType.F64;
        Expression C(double value) => lanes.Constant(value, lanes.Type);
        Expression Fma(Expression a, Expression b, Expression c) => lanes.Call("FusedMultiplyAdd", a, b, c);
        Expression Horner(double[] coefficients, Expression at) =>
            coefficients.Skip(1).Aggregate(C(coefficients[0]), (sum, c) => Fma(sum, at, C(c)));
        var lines = new List<Expression>();
        var locals = new List<ParameterExpression>();
        ParameterExpression Let(string name, Expression value)
        {
            var local = Variable(value.Type, name);
            locals.Add(local);
            lines.Add(Assign(local, value));
            return local;
        }

        // beyond these the result is 0 or infinity anyway; the constant goes first, so that NaN passes
        var x = Let("x", lanes.Call("MaxNative", C(wide ? -746 : -104), lanes.Call("MinNative", C(wide ? 710 : 89), argument)));
        var n = Let("n", lanes.Call("Round", Multiply(x, C(1.44269504088896340736))));
        // ln 2 in two parts, the first of few bits: n times it is exact
        var r = Let(
            "r",
            Fma(n, C(wide ? -1.42860682030941723212E-6 : 2.12194440E-4), Fma(n, C(wide ? -6.93145751953125E-1 : -0.693359375), x))
        );
        var square = Let("rr", Multiply(r, r));
        Expression power;
        if (wide)
        {
            var odd = Let("p", Multiply(r, Horner(Numerator, square)));
            power = Add(C(1), Divide(Add(odd, odd), Subtract(Horner(Denominator, square), odd)));
        }
        else
        {
            power = Add(Fma(Horner(Polynomial, r), square, r), C(1));
        }
        var whole = Let("k", lanes.Call(wide ? "ConvertToInt64" : "ConvertToInt32", n));
        var half = Let("h", lanes.Call("ShiftRightArithmetic", whole, Constant(1)));
        Expression PowerOfTwo(Expression k) =>
            lanes.AsFloat(
                lanes.Call(
                    "ShiftLeft",
                    Add(k, lanes.Call("Create", Convert(Constant(wide ? 1023 : 127), lanes.Integer))),
                    Constant(wide ? 52 : 23)
                )
            );
        lines.Add(Multiply(Multiply(power, PowerOfTwo(half)), PowerOfTwo(Subtract(whole, half))));
        return Block(locals, lines);
    }
}
