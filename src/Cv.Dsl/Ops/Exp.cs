using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Raises e to each element: exp x. Shape and dtype unchanged.</summary>
/// <remarks>f32 overflows to infinity above 88.72, f64 above 709.78: subtract a maximum first.</remarks>
public sealed record Exp : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => Math.Exp(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * y];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Exp()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Exp"/>
    public static Expr Exp(this Expr x) => Expr.Of(new Exp(), x);
}
