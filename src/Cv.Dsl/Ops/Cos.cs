using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes the cosine of each element, an angle in radians; NaN for the infinities. Shape and dtype unchanged.</summary>
/// <example><code>Expr features = Expr.Concat(1, x.Sin(), x.Cos());</code></example>
public sealed record Cos : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Cos(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [-(dy * y.Operands[0].Sin())];

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => x.Cos(), // cos(-x) = cos x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Cos()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Cos"/>
    public static Expr Cos(this Expr x) => Expr.Of(new Cos(), x);
}
