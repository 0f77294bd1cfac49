using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Tests a &lt; b, elementwise, giving bool. A comparison with NaN is false. Operands share a dtype; shapes broadcast; no gradient flows.</summary>
public sealed record Less : Comparison
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Test((a, b) => a < b);
}
