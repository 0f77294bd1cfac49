using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes exp(x) - 1 of each element, keeping the digits that the difference would lose near 0. Shape and dtype unchanged.</summary>
/// <remarks>Its derivative is exp x, taken anew: 1 + y has lost its digits where y is near -1.</remarks>
/// <example><code>Expr elu = Expr.Select(x > 0f, x, x.Minimum(0).Expm1());</code></example>
public sealed record Expm1 : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => SpecialFunctions.Expm1(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * y.Operands[0].Exp()];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Expm1()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Expm1"/>
    public static Expr Expm1(this Expr x) => Expr.Of(new Expm1(), x);
}
