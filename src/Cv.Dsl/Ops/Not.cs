using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Tells where a mask does not hold, elementwise on bool; no gradient flows.</summary>
public sealed record Not : Logical
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => (Expression<Func<bool, bool>>)(a => !a);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => y is (_, [(Not, [var x])]) ? x : null; // !!x = x
}
