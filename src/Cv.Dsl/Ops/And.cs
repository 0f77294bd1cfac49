using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Tells where both masks hold, elementwise on bool; shapes broadcast; no gradient flows.</summary>
public sealed record And : Logical
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => (Expression<Func<bool, bool, bool>>)((a, b) => a && b);
}
