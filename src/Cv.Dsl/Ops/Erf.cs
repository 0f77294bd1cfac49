using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Takes the error function of each element, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. Shape and dtype unchanged.
/// </summary>
/// <remarks>Its derivative is 2 / sqrt(pi) exp(-x^2) (Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1).</remarks>
/// <example><code>Expr gelu = 0.5f * x * (1f + (x * 0.70710678f).Erf());</code></example>
public sealed record Erf : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => SpecialFunctions.Erf(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) =>
        [dy * ((-(y.Operands[0] * y.Operands[0])).Exp() * (2 / Math.Sqrt(Math.PI)))];

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => -x.Erf(), // erf(-x) = -erf x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Erf()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Erf"/>
    public static Expr Erf(this Expr x) => Expr.Of(new Erf(), x);
}
