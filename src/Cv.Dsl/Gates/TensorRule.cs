using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Says all there is to say of a function of whole tensors: how it is computed, as a composition or by managed code, and its derivatives. Made into a gate by
/// <see cref="Gate.Custom"/>.
/// </summary>
/// <param name="Name">What dumps and messages call it.</param>
/// <param name="Count">The number of operands.</param>
/// <example><code>
/// var total = new TensorRule("running_total")
/// {
///     Infer = types => types[0],
///     Evaluate = (y, x) => RunningTotal(x[0]),
///     Vjp = (y, dy) => [dy.Flip(0).Apply(RunningTotalGate).Flip(0)],
///     IsLinear = true,
/// };
/// </code></example>
public sealed record TensorRule(string Name, int Count = 1)
{
    /// <summary>Derives the result's dtype and shape from those of the operands; needed with <see cref="Evaluate"/> alone.</summary>
    public Func<ImmutableArray<TensorType>, TensorType>? Infer { get; init; }

    /// <summary>Composes the result from the operands: it fuses like what is written by hand. This, or <see cref="Evaluate"/>.</summary>
    public Func<ImmutableArray<Expr>, Expr>? Forward { get; init; }

    /// <summary>
    /// Computes the result, row-major and in f64, from the node (for its shape) and the operands' values: slow, but any code will do. It runs at every call,
    /// on several threads at once where calls are made so, and may call functions itself.
    /// </summary>
    public Func<Expr, double[][], double[]>? Evaluate { get; init; }

    /// <summary>
    /// Gives the operands' cotangents from the result y (whose operands are y.Operands) and its cotangent dy; null where none flows. Without it a composition
    /// has that of its parts.
    /// </summary>
    public Func<Expr, Expr, ImmutableArray<Expr?>>? Vjp { get; init; }

    /// <summary>
    /// Gives how the result changes when the operands change by tangents, of which some may be null. Without it, a linear function is applied to the tangents, and
    /// any other's vjp is transposed: it is linear in dy.
    /// </summary>
    public Func<Expr, ImmutableArray<Expr?>, Expr?>? Jvp { get; init; }

    /// <summary>Says that the function is linear in all operands together, so that it is its own jvp.</summary>
    public bool IsLinear { get; init; }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(TensorRule), PrintMembers);
}
