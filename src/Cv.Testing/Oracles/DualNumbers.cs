using System.Reflection;

namespace Cv.Testing;

/// <summary>A number and its derivative, a + b e where e^2 = 0.</summary>
readonly record struct Dual(double Value, double Tangent);

/// <summary>
/// Calculates with dual numbers. The derivatives of functions are written down here once more, as textbooks give them: nothing is shared with what is checked.
/// </summary>
/// <remarks>Clifford, "Preliminary Sketch of Biquaternions" (1873); derivatives after the NIST Digital Library of Mathematical Functions.</remarks>
sealed class DualNumbers : Infinitesimals<Dual>
{
    static readonly Dictionary<string, Func<double, double>> Slopes = new(StringComparer.Ordinal)
    {
        ["Exp"] = Math.Exp,
        ["Exp2"] = x => Math.Pow(2, x) * Math.Log(2),
        ["Exp10"] = x => Math.Pow(10, x) * Math.Log(10),
        ["ExpM1"] = Math.Exp,
        ["Expm1"] = Math.Exp,
        ["Log"] = x => 1 / x,
        ["Log2"] = x => 1 / (x * Math.Log(2)),
        ["Log10"] = x => 1 / (x * Math.Log(10)),
        ["LogP1"] = x => 1 / (1 + x),
        ["Log1p"] = x => 1 / (1 + x),
        ["Sqrt"] = x => 0.5 / Math.Sqrt(x),
        ["Cbrt"] = x => 1 / (3 * Math.Cbrt(x) * Math.Cbrt(x)),
        ["Sin"] = Math.Cos,
        ["Cos"] = x => -Math.Sin(x),
        ["Tan"] = x => 1 / (Math.Cos(x) * Math.Cos(x)),
        ["Asin"] = x => 1 / Math.Sqrt((1 - x) * (1 + x)),
        ["Acos"] = x => -1 / Math.Sqrt((1 - x) * (1 + x)),
        ["Atan"] = x => 1 / (1 + x * x),
        ["Sinh"] = Math.Cosh,
        ["Cosh"] = Math.Sinh,
        ["Tanh"] = x => 1 / (Math.Cosh(x) * Math.Cosh(x)),
        ["Asinh"] = x => 1 / Math.Sqrt(x * x + 1),
        ["Acosh"] = x => 1 / Math.Sqrt((x - 1) * (x + 1)),
        ["Atanh"] = x => 1 / ((1 - x) * (1 + x)),
        ["Sigmoid"] = x => 0.25 / (Math.Cosh(x / 2) * Math.Cosh(x / 2)),
        ["Softplus"] = x => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x)),
        ["Erf"] = x => 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x),
    };

    public override string Name => "dual numbers";

    public override Dual Of(double value, double tangent) => new(value, tangent);

    public override double Real(Dual x) => x.Value;

    public override double Tangent(Dual x) => x.Tangent;

    public override Dual Add(Dual a, Dual b) => new(a.Value + b.Value, a.Tangent + b.Tangent);

    public override Dual Subtract(Dual a, Dual b) => new(a.Value - b.Value, a.Tangent - b.Tangent);

    public override Dual Multiply(Dual a, Dual b) => new(a.Value * b.Value, Times(a.Tangent, b.Value) + Times(b.Tangent, a.Value));

    public override Dual Divide(Dual a, Dual b) =>
        new(a.Value / b.Value, Times(a.Tangent, 1 / b.Value) - Times(b.Tangent, a.Value / b.Value / b.Value));

    public override Dual Power(Dual a, Dual b) =>
        new(
            Math.Pow(a.Value, b.Value),
            Times(a.Tangent, b.Value * Math.Pow(a.Value, b.Value - 1)) + Times(b.Tangent, Math.Pow(a.Value, b.Value) * Math.Log(a.Value))
        );

    public override Dual Apply(MethodInfo function, Dual x) =>
        Slopes.TryGetValue(function.Name, out var slope)
            ? new(BranchedReals.Call(function, x.Value), Times(x.Tangent, slope(x.Value)))
            : throw new UnknownToOracleException($"check: dual numbers know no derivative of {function.Name}. Check it by differences.");

    // what does not move stays, even where its slope is infinite
    static double Times(double tangent, double slope) => tangent == 0 ? 0 : tangent * slope;
}
