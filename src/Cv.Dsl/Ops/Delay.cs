using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Is its first operand, but not before the second is computed. It costs nothing: no value is copied, and the second operand is not read. What is built on it is another
/// graph than what is built on the value itself, so it is computed again, later: <see cref="Checkpoint"/> does so.
/// </summary>
public sealed record Delay : Op
{
    /// <summary>Keeps the first operand's type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0];

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) => operands[0].CopyTo(result);

    /// <summary>Passes the cotangent to the value alone.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy, null];

    /// <summary>Moves as the value does.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => tangents[0];

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => operand == 0 ? mask : Mask.Everywhere(false);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        (batched[0] ? operands[0] : Batching.Repeat(operands[0], Batching.Size(operands, batched))).Delay(operands[1]);

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) => y.Operands[0].Op is Const ? y.Operands[0] : null; // a constant need not wait

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var x = Expr.Input("x", [2, 3]);
        return [x.Delay(x.Exp().Sum()).Tanh(), x.Tanh().Delay(Expr.Input("z", [4]))];
    }
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.Delay"/>
    /// <param name="x">The value.</param>
    /// <param name="until">What is computed first.</param>
    /// <example><code>Expr again = x.Delay(until: dy).Tanh();   // a tanh of its own, made when dy is there</code></example>
    public static Expr Delay(this Expr x, Expr until) => Expr.Of(new Delay(), x, until);
}
