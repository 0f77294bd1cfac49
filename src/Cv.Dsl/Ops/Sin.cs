using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes the sine of each element, an angle in radians; NaN for the infinities. Shape and dtype unchanged.</summary>
/// <example><code>Expr features = Expr.Concat(1, x.Sin(), x.Cos());</code></example>
public sealed record Sin : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Sin(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * y.Operands[0].Cos()];

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => -x.Sin(), // sin(-x) = -sin x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Sin()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Sin"/>
    public static Expr Sin(this Expr x) => Expr.Of(new Sin(), x);
}
