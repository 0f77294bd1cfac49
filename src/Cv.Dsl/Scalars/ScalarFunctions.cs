using static Cv.Dsl.ScalarFunction;

namespace Cv.Dsl;

/// <summary>
/// Lists the functions that gates may call, each with its derivative. Derivatives are Abramowitz and Stegun's, "Handbook of Mathematical Functions"; y is
/// the value, for it is known already. Where a function jumps or bends, the derivative is that of docs/SEMANTICS.md.
/// </summary>
static class ScalarFunctions
{
    static readonly double Ln2 = Math.Log(2),
        Ln10 = Math.Log(10);

    public static IEnumerable<ScalarFunction> All =>
        [
            One("Exp", Math.Exp, (y, x) => y, x => x.Exp()),
            One("Exp2", double.Exp2, (y, x) => Ln2 * y),
            One("Exp10", double.Exp10, (y, x) => Ln10 * y),
            One("Expm1", SpecialFunctions.Expm1, (y, x) => Of("Exp", x), x => x.Expm1()),
            One("Log", Math.Log, (y, x) => 1 / x, x => x.Log()),
            One("Log2", Math.Log2, (y, x) => 1 / (Ln2 * x)),
            One("Log10", Math.Log10, (y, x) => 1 / (Ln10 * x)),
            One("Log1p", SpecialFunctions.Log1p, (y, x) => 1 / (x + 1), x => x.Log1p()),
            One("Sqrt", Math.Sqrt, (y, x) => 0.5 / y, x => x.Sqrt()),
            One("Cbrt", Math.Cbrt, (y, x) => 1 / (3 * (y * y))),
            One("Sin", Math.Sin, (y, x) => Of("Cos", x), x => x.Sin()),
            One("Cos", Math.Cos, (y, x) => -Of("Sin", x), x => x.Cos()),
            One("Tan", Math.Tan, (y, x) => 1 + y * y),
            One("Asin", Math.Asin, (y, x) => 1 / Of("Sqrt", 1 - x * x)),
            One("Acos", Math.Acos, (y, x) => -(1 / Of("Sqrt", 1 - x * x))),
            One("Atan", Math.Atan, (y, x) => 1 / Of("Hypot", x, x.Like(1)) / Of("Hypot", x, x.Like(1))),
            One("Sinh", Math.Sinh, (y, x) => Of("Cosh", x)),
            One("Cosh", Math.Cosh, (y, x) => Of("Sinh", x)),
            One("Tanh", Math.Tanh, (y, x) => 1 - y * y, x => x.Tanh()),
            One("Asinh", Math.Asinh, (y, x) => 1 / Of("Hypot", x, x.Like(1))),
            One("Acosh", Math.Acosh, (y, x) => 1 / (Of("Sqrt", x - 1) * Of("Sqrt", x + 1))),
            One("Atanh", Math.Atanh, (y, x) => 1 / (1 - x * x)),
            One("Erf", SpecialFunctions.Erf, (y, x) => 2 / Math.Sqrt(Math.PI) * Of("Exp", -(x * x)), x => x.Erf()),
            One("Sigmoid", SpecialFunctions.Sigmoid, (y, x) => y * (1 - y), x => x.Sigmoid()),
            One("Softplus", SpecialFunctions.Softplus, (y, x) => Of("Sigmoid", x), definition: Softplus),
            One("Abs", Math.Abs, (y, x) => Of("Sign", x), x => x.Abs()),
            One("Sign", SpecialFunctions.Sign, Flat, x => x.Sign(), Sign),
            One("Floor", Math.Floor, Flat),
            One("Ceiling", Math.Ceiling, Flat),
            One("Truncate", Math.Truncate, Flat),
            One("Round", Math.Round, Flat),
            Two("Max", Math.Max, (y, a, b) => Where(y > b, 1, 0), (y, a, b) => Where(y > b, 0, 1), (a, b) => a.Maximum(b)),
            Two("Min", Math.Min, (y, a, b) => Where(y < b, 1, 0), (y, a, b) => Where(y < b, 0, 1), (a, b) => a.Minimum(b)),
            Two("Pow", Math.Pow, ByBase, ByPower, (a, b) => a.Pow(b)),
            Two("Atan2", Math.Atan2, (v, y, x) => Turn(x, y, x), (v, y, x) => -Turn(y, y, x)),
            Two("Hypot", double.Hypot, (y, a, b) => Part(a, y), (y, a, b) => Part(b, y)),
            Two("CopySign", Math.CopySign, (y, a, b) => Of("Sign", a) * Of("CopySign", a.Like(1), b), (y, a, b) => a.Like(0)),
            Two("Remainder", SpecialFunctions.Remainder, (y, a, b) => a.Like(1), (y, a, b) => -Of("Truncate", a / b)),
        ];

    static Term Flat(Term y, Term x) => x.Like(0);

    static Term Of(string function, params Term[] x) => x[0].Pool.Call(function, x);

    static Term Where(Term test, double a, double b) => test.Pool.Choose(test, test.Like(a), test.Like(b));

    // the length 0 has no direction: the derivative there is 0, as that of a norm
    static Term Part(Term a, Term length) => a.Pool.Choose(length > 0, a / length, 0 * length);

    // a / (x^2 + y^2), whose squares would overflow, or vanish
    static Term Turn(Term a, Term y, Term x)
    {
        var length = Of("Hypot", y, x);
        return a.Pool.Choose(length > 0, a / length / length, 0 * length);
    }

    // the power 0 has a flat function, at the base 0 too, where 0 times 0^-1 would be NaN
    static Term ByBase(Term y, Term a, Term b) =>
        b.IsZero ? b
        : b.Head == Head.Number ? b * Of("Pow", a, b - 1)
        : a.Pool.Choose(
            a.Pool.Of(Head.And, a.Pool.Of(Head.Equal, b, b.Like(0)), a.Pool.Of(Head.Not, Of("Abs", a) > 0)),
            a.Like(0),
            b * Of("Pow", a, b - 1)
        );

    // the logarithm of a base that is not positive is none of the gradient's business
    static Term ByPower(Term y, Term a, Term b) => a.Pool.Choose(a > 0, y * Of("Log", a), a.Like(0));

    /// <summary>log(1 + exp x) = max(x, 0) + log1p(exp(-|x|)): nothing overflows.</summary>
    static Term Softplus(Term x) => Of("Max", x, x.Like(0)) + Of("Log1p", Of("Exp", -Of("Abs", x)));

    // 0 x keeps the sign of a zero and NaN, and has the derivative 0
    static Term Sign(Term x) => x.Pool.Choose(x > 0, x.Like(1), x.Pool.Choose(x < 0, x.Like(-1), 0 * x));
}
