using System.Linq.Expressions;

namespace Cv.Compiler;

/// <summary>
/// Lists the functions that scalar rules may call and that have a form in vector code. One source serves every width: each writes the same
/// operations for any number of lanes, so the bits are the same, too.
/// </summary>
static class Approximations
{
    /// <summary>Writes a function by its name in Math, or gives null where it has no vector form.</summary>
    public static Expression? Find(string name, Lanes lanes, Expression[] arguments) =>
        (name, arguments) switch
        {
            ("Exp", [var x]) => Exponential.Of(lanes, x),
            ("Log", [var x]) => Logarithm.Of(lanes, x),
            ("Log1p" or "LogP1", [var x]) => LogarithmOfSum.Of(lanes, x),
            ("Expm1" or "ExpM1", [var x]) => ExponentialLessOne.Of(lanes, x),
            ("Tanh", [var x]) => HyperbolicTangent.Of(lanes, x),
            ("Sigmoid", [var x]) => Logistic.Of(lanes, x),
            ("Erf", [var x]) => ErrorFunction.Of(lanes, x),
            ("Sin", [var x]) => SineCosine.Sine(lanes, x),
            ("Cos", [var x]) => SineCosine.Cosine(lanes, x),
            ("Pow", [var a, var b]) => Power.Of(lanes, a, b),
            _ => null,
        };
}
