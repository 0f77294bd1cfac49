using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Tells where either mask holds, elementwise on bool; shapes broadcast; no gradient flows.</summary>
public sealed record Or : Logical
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => (Expression<Func<bool, bool, bool>>)((a, b) => a || b);
}
