using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Tests whether elements are equal, elementwise, giving bool. A comparison with NaN is false. Operands share a dtype; shapes broadcast; no gradient flows.</summary>
public sealed record Equal : Comparison
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Test((a, b) => a == b);
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Equal"/>
    public static Expr EqualTo(this Expr a, Expr b) => Expr.Of(new Equal(), a, b);

    /// <inheritdoc cref="Dsl.Equal"/>
    public static Expr EqualTo(this Expr a, double b) => a.EqualTo(a.Like(b));
}
