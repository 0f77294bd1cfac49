using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Gives -1, 0 or 1 by the sign of each element; NaN stays NaN. Shape and dtype unchanged.</summary>
/// <remarks>Flat almost everywhere: no gradient flows.</remarks>
public sealed record Sign : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar =>
        Rule(x =>
            x > 0 ? 1.0
            : x < 0 ? -1.0
            : 0 * x // NaN, or a zero: flat, as the derivative sees it
        );

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [null];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Sign()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Sign"/>
    public static Expr Sign(this Expr x) => Expr.Of(new Sign(), x);
}
