using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>
/// Takes log(1 + x) of each element, keeping the digits that 1 + x would round away near 0: -infinity at -1, NaN below. Shape and dtype unchanged.
/// </summary>
/// <remarks>Its derivative is 1 / (1 + x).</remarks>
/// <example><code>Expr softplus = x.Maximum(0) + (-x.Abs()).Exp().Log1p();</code></example>
public sealed record Log1p : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => SpecialFunctions.Log1p(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy / (y.Operands[0] + 1.0)];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Exp().Log1p()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Log1p"/>
    public static Expr Log1p(this Expr x) => Expr.Of(new Log1p(), x);
}
