using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Squashes each element into (-1, 1): tanh x. Shape and dtype unchanged.</summary>
/// <example><code>Expr h = (x.MatMul(w) + b).Tanh();</code></example>
public sealed record Tanh : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Tanh(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * (1.0 - y * y)];

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => -x.Tanh(), // tanh(-x) = -tanh x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Tanh()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Tanh"/>
    public static Expr Tanh(this Expr x) => Expr.Of(new Tanh(), x);
}
