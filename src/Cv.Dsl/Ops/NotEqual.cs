using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Tests whether elements differ, elementwise, giving bool. A comparison with NaN is true. Operands share a dtype; shapes broadcast; no gradient flows.</summary>
public sealed record NotEqual : Comparison
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Test((a, b) => a != b);
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.NotEqual"/>
    public static Expr NotEqualTo(this Expr a, Expr b) => Expr.Of(new NotEqual(), a, b);

    /// <inheritdoc cref="Dsl.NotEqual"/>
    public static Expr NotEqualTo(this Expr a, double b) => a.NotEqualTo(a.Like(b));
}
