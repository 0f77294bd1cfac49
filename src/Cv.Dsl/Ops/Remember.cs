using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Is its first operand, and asks each training step to give a state, the second operand, the value of the third. No gradient flows to these two. When a model is
/// evaluated, nothing is remembered.
/// </summary>
/// <remarks>
/// It lets a layer carry its own updates: <c>Graph.ForTraining</c> collects them. Where one state is remembered several times, as in a layer that a model
/// uses twice, each takes up the value that the one before it left.
/// </remarks>
public sealed record Remember : Op
{
    /// <summary>Keeps the first operand's type; the other two must be of one.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (operands[1] != operands[2])
            throw new ShapeException(
                $"{Name}: the next value must be of the state's type; got {operands[2]} for {operands[1]}. Cast or reshape the value."
            );
        return operands[0];
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) => operands[0].CopyTo(result);

    /// <summary>Passes the cotangent to the value alone.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy, null, null];

    /// <summary>Moves as the value does.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => tangents[0];

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => operand == 0 ? mask : Mask.Everywhere(false);

    /// <summary>Remembers what the examples share.</summary>
    /// <exception cref="GraphException">The next value differs by example.</exception>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        batched[1] || batched[2]
            ? throw new GraphException(
                $"vmap: the examples must leave a state one next value; got {y}, whose next value differs by example. Average over the batch, outside of the batched graph.",
                y
            )
            : Expr.Of(this, operands);

    /// <summary>Is the value alone, where no one has collected the update.</summary>
    public override Expr? Expand(Expr y) => y.Operands[0];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var mean = Expr.Input("x", [2, 3]).Mean([0], keepDims: true);
        return [mean.Remember(Expr.State("mean", [1, 3]), mean * 0.5f)];
    }
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Remember"/>
    /// <param name="value">What the node is.</param>
    /// <param name="state">The state that a training step updates.</param>
    /// <param name="next">Its next value, of its type.</param>
    /// <example><code>
    /// Expr seen = Expr.State("seen", []);
    /// Expr y = x.Remember(seen, seen + 1f);   // counts the steps
    /// </code></example>
    /// <exception cref="GraphException">The target is not a state.</exception>
    /// <exception cref="ShapeException">The next value is not of the state's type.</exception>
    public static Expr Remember(this Expr value, Expr state, Expr next) =>
        state.Op is State
            ? Expr.Of(new Remember(), value, state, next)
            : throw new GraphException($"remember: the target must be a state; got {state}. Make one: Expr.State(\"mean\", [10])?");
}
