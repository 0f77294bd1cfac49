using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Squashes each element into (0, 1): 1 / (1 + exp(-x)). Shape and dtype unchanged.</summary>
/// <remarks>
/// Its derivative is (1 - y) y (CS231n notes, "Backpropagation, Intuitions"), where 1 - y is taken as the sigmoid of -x: the difference has no digits left where y is near 1.
/// </remarks>
public sealed record Sigmoid : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => SpecialFunctions.Sigmoid(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * (y * (-y.Operands[0]).Sigmoid())];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Sigmoid()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Sigmoid"/>
    public static Expr Sigmoid(this Expr x) => Expr.Of(new Sigmoid(), x);
}
