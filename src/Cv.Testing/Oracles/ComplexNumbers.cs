using System.Numerics;
using System.Reflection;

namespace Cv.Testing;

/// <summary>
/// Calculates with complex numbers a tiny way off the real line: where a function is analytic, Im f(x + ih) / h is its derivative, without a difference and so
/// without cancellation.
/// </summary>
/// <remarks>Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions" (1998).</remarks>
sealed class ComplexNumbers : Infinitesimals<Complex>
{
    const double Step = 1e-30;

    public override string Name => "the complex step";

    public override Complex Of(double value, double tangent) => new(value, tangent * Step);

    public override double Real(Complex x) => x.Real;

    public override double Tangent(Complex x) => x.Imaginary / Step;

    public override Complex Add(Complex a, Complex b) => a + b;

    public override Complex Subtract(Complex a, Complex b) => a - b;

    public override Complex Multiply(Complex a, Complex b) => a * b;

    public override Complex Divide(Complex a, Complex b) => a / b;

    public override Complex Power(Complex a, Complex b)
    {
        // a power with a whole exponent is a product, for negative bases too
        if (b.Imaginary == 0 && b.Real == Math.Truncate(b.Real) && Math.Abs(b.Real) <= 64)
            return Whole(a, (int)b.Real);
        var power = Complex.Exp(b * Complex.Log(a));
        return a.Real > 0 ? new(Math.Pow(a.Real, b.Real), power.Imaginary) : new(Math.Pow(a.Real, b.Real), double.NaN);
    }

    public override Complex Apply(MethodInfo function, Complex z)
    {
        if (z.Imaginary == 0)
            return BranchedReals.Call(function, z.Real);
        var w = function.Name switch
        {
            "Exp" or "ExpM1" or "Expm1" => Complex.Exp(z),
            "Exp2" => Complex.Exp(z * Math.Log(2)),
            "Exp10" => Complex.Exp(z * Math.Log(10)),
            "Log" => Complex.Log(z),
            "LogP1" or "Log1p" => Complex.Log(1 + z),
            "Log2" => Complex.Log(z) / Math.Log(2),
            "Log10" => Complex.Log(z) / Math.Log(10),
            "Sqrt" => Complex.Sqrt(z),
            "Cbrt" => Complex.Exp(Complex.Log(z) / 3),
            "Sin" => Complex.Sin(z),
            "Cos" => Complex.Cos(z),
            "Tan" => Complex.Sin(z) / Complex.Cos(z),
            "Asin" => Complex.Asin(z),
            "Acos" => Complex.Acos(z),
            "Atan" => Complex.Atan(z),
            "Sinh" => (Complex.Exp(z) - Complex.Exp(-z)) / 2,
            "Cosh" => (Complex.Exp(z) + Complex.Exp(-z)) / 2,
            "Tanh" => Tanh(z),
            "Sigmoid" => Sigmoid(z),
            "Softplus" => Complex.Log(1 + Complex.Exp(z)),
            "Asinh" => Complex.Log(z + Complex.Sqrt(z * z + 1)),
            "Acosh" => Complex.Log(z + Complex.Sqrt(z * z - 1)),
            "Atanh" => Complex.Log((1 + z) / (1 - z)) / 2,
            "Erf" => Erf(z),
            _ => throw new UnknownToOracleException(
                $"check: the complex step knows no complex {function.Name}. Check it by differences, or dual numbers."
            ),
        };
        return new(BranchedReals.Call(function, z.Real), w.Imaginary);
    }

    static Complex Whole(Complex a, int power)
    {
        var product = Complex.One;
        for (int i = 0; i < Math.Abs(power); i++)
            product *= a;
        return power < 0 ? 1 / product : product;
    }

    static Complex Tanh(Complex z)
    {
        if (z.Real < 0)
            return -Tanh(-z);
        var e = Complex.Exp(-2 * z);
        return (1 - e) / (1 + e);
    }

    static Complex Sigmoid(Complex z)
    {
        var e = Complex.Exp(z.Real < 0 ? z : -z);
        return z.Real < 0 ? e / (1 + e) : 1 / (1 + e);
    }

    // 2 / sqrt(pi) exp(-z^2) sum of 2^n z^(2n+1) / (2n+1)!!: all terms of one sign on the real line (DLMF 7.6.2)
    static Complex Erf(Complex z)
    {
        Complex term = z,
            sum = z;
        for (int n = 1; n < 400 && Complex.Abs(term) > 1e-18 * Complex.Abs(sum); n++)
        {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Complex.Exp(-z * z) * sum;
    }
}
