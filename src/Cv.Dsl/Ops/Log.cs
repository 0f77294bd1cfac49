using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Takes the natural logarithm of each element: -infinity at 0, NaN below. Shape and dtype unchanged.</summary>
public sealed record Log : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Log(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy / y.Operands[0]];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Exp().Log()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Log"/>
    public static Expr Log(this Expr x) => Expr.Of(new Log(), x);
}
