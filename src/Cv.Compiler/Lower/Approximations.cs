using System.Linq.Expressions;

namespace Cv.Compiler;

/// <summary>
/// Holds scalar rules for Math functions that no vector instruction serves, made of those that have one. They are widened like any rule, so
/// one source serves every width.
/// </summary>
static class Approximations
{
    static readonly Dictionary<string, LambdaExpression> Rules = new() { ["Tanh"] = Tanh() };

    /// <summary>Gives the rule that stands for a Math function, or null.</summary>
    public static LambdaExpression? Find(string name) => Rules.GetValueOrDefault(name);

    /// <summary>
    /// tanh x. Below 0.625 in magnitude x + x z P(z)/Q(z) with z = x^2, beyond it 1 - 2 / (exp(2|x|) + 1) with the sign of x: the rational
    /// function is Moshier's, from the Cephes library. Within 2 ulp in f64, 3 in f32.
    /// </summary>
    static Expression<Func<double, double>> Tanh() =>
        x =>
            Math.Abs(x) < 0.625
                ? x
                    + x
                        * (x * x)
                        * ((-9.64399179425052238628E-1 * (x * x) - 9.92877231001918586564E1) * (x * x) - 1.61468768441708447952E3)
                        / (((x * x + 1.12811678491632931402E2) * (x * x) + 2.23548839060100448583E3) * (x * x) + 4.84406305325125486048E3)
                : Math.CopySign(1 - 2 / (Math.Exp(Math.Abs(x) + Math.Abs(x)) + 1), x);
}
