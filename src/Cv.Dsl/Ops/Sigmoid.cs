using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Squashes each element into (0, 1): 1 / (1 + exp(-x)). Shape and dtype unchanged.</summary>
/// <remarks>Its derivative is (1 - y) y (CS231n notes, "Backpropagation, Intuitions").</remarks>
public sealed record Sigmoid : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => SpecialFunctions.Sigmoid(x));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * (y * (1.0 - y))];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Sigmoid()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Sigmoid"/>
    public static Expr Sigmoid(this Expr x) => Expr.Of(new Sigmoid(), x);
}
