using System.Collections.Immutable;
using System.Linq.Expressions;
using Cv.Dsl;

namespace Cv.Examples.Gates;

/// <summary>Squashes each element into (-1, 1), with longer tails than tanh: x / (1 + |x|). Shape and dtype unchanged.</summary>
/// <remarks>Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010). Its derivative is (1 - |y|)^2.</remarks>
sealed record Softsign : Unary
{
    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => x / (1 + Math.Abs(x)));

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy * (1.0 - y.Abs()).Pow(2)];

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [(Neg, [var x])]) => -x.Softsign(), // softsign(-x) = -softsign x
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Softsign()];
}

static partial class OwnVerbs
{
    /// <inheritdoc cref="Gates.Softsign"/>
    public static Expr Softsign(this Expr x) => Expr.Of(new Softsign(), x);
}
