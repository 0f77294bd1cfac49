using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes the square root of each element; NaN below 0. Shape and dtype unchanged.</summary>
public sealed record Sqrt : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Sqrt(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * 0.5 / y];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Exp().Sqrt()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Sqrt"/>
    public static Expr Sqrt(this Expr x) => Expr.Of(new Sqrt(), x);
}
