using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Is its first operand, the value, and gives all of its gradient to its second, as if it were that one. Both are of one type, which is the result's.</summary>
/// <remarks>
/// The straight-through estimator (Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation", 2013). To any
/// derivative, of any order, it is the second operand; so the gradient is not that of the value, and no difference quotient finds it.
/// </remarks>
public sealed record StraightThrough : Elementwise
{
    /// <summary>Asks for two floats of one type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        SameFloat(Name, operands);
        if (operands[0] != operands[1])
            throw new ShapeException(
                $"{Name}: the value must be of the type of what gets its gradient; got {operands[0]} and {operands[1]}. Cast or broadcast one of them."
            );
        return operands[0];
    }

    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule((value, through) => value);

    /// <summary>Passes the cotangent to the second operand alone.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [null, dy];

    /// <summary>Moves as the second operand.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => tangents[1];

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => operand == 1 ? mask : Mask.Everywhere(false);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this, Batching.All(operands, batched));

    /// <summary>Is the value: gone when the graph is compiled, after gradients were taken.</summary>
    public override Expr? Expand(Expr y) => y.Operands[0];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]) is var x ? x.StraightThrough(x) : x];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.StraightThrough"/>
    /// <param name="value">What the node is; no gradient flows to it.</param>
    /// <param name="through">What gets the gradient.</param>
    /// <example><code>Expr bits = x.Sign().StraightThrough(x);   // -1, 0 or 1; the gradient passes as through x</code></example>
    /// <exception cref="ShapeException">The types differ, or are not f32 or f64.</exception>
    public static Expr StraightThrough(this Expr value, Expr through) => Expr.Of(new StraightThrough(), value, through);
}
