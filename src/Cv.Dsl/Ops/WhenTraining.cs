using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Is its first operand in a training step, and its second otherwise: when a model is evaluated, or a function compiled. Both are of one type, which is
/// the result's.
/// </summary>
/// <remarks>
/// The choice is made once, before anything is compiled, and what the other operand alone needs is dropped: <c>Graph.ForTraining</c> and
/// <c>Graph.ForInference</c>. A graph in which it was not made yet means inference.
/// </remarks>
public sealed record WhenTraining : Op
{
    /// <summary>Asks for two values of one type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (operands[0] != operands[1])
            throw new ShapeException(
                $"{Name}: both values must be of one type; got {operands[0]} and {operands[1]}. Cast or broadcast one of them."
            );
        return operands[0];
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) => operands[1].CopyTo(result);

    /// <summary>Passes the cotangent to the operand that is chosen: so it makes no difference whether the choice or the gradient comes first.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var none = dy.Like(0).BroadcastTo(dy.Shape);
        return [dy.WhenTraining(none), none.WhenTraining(dy)];
    }

    /// <summary>Moves as the operand that is chosen.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents)
    {
        var none = y.Like(0).BroadcastTo(y.Shape);
        return (tangents[0] ?? none).WhenTraining(tangents[1] ?? none);
    }

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <summary>Keeps a mask for the operand that is chosen.</summary>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask)
    {
        var (yes, no) = (Mask.Everywhere(true), Mask.Everywhere(false));
        return Mask.And(mask, operand == 0 ? yes.WhenTraining(no) : no.WhenTraining(yes));
    }

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => MaskOfOperand(y, operand, mask);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        Expr.Of(this, Batching.All(operands, batched));

    /// <summary>Is the second operand, where no one has chosen.</summary>
    public override Expr? Expand(Expr y) => y.Operands[1];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("a", [2, 3]).WhenTraining(Expr.Input("b", [2, 3]))];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.WhenTraining"/>
    /// <param name="training">The value in a training step.</param>
    /// <param name="otherwise">The value when the model is evaluated.</param>
    /// <example><code>Expr y = (x + noise).WhenTraining(x);   // noise that only training sees</code></example>
    /// <exception cref="ShapeException">The types differ.</exception>
    public static Expr WhenTraining(this Expr training, Expr otherwise) => Expr.Of(new WhenTraining(), training, otherwise);
}
