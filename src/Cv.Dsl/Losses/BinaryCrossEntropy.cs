namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>
    /// Gives how improbable a target t from 0 to 1 is where its score is s, in nats: softplus(-|s|) + max(s, 0) - t s, which is -t log sigmoid s - (1 - t) log(1 - sigmoid s).
    /// On both sides of 0 it is a sum of parts that are at least 0, so that nothing cancels, and nothing overflows before the result does.
    /// </summary>
    public static ScalarGate BinaryCrossEntropy =>
        field ??= Define(
            "binary_cross_entropy",
            (s, t) => s > 0 ? SpecialFunctions.Softplus(-s) + (1 - t) * s : SpecialFunctions.Softplus(s) - t * s
        );
}

public static partial class Verbs
{
    /// <summary>
    /// Measures how improbable the targets are by their scores, in nats: the mean over all elements of -t log sigmoid s - (1 - t) log(1 - sigmoid s). Scores, f32 or f64 of any shape,
    /// and targets give a scalar; with scores near 0 it starts near ln 2.
    /// </summary>
    /// <param name="scores">The scores, or logits: what a sigmoid would turn into probabilities. It is not to be applied before.</param>
    /// <param name="targets">
    /// Probabilities from 0 to 1 of the scores' type; or labels 0 and 1, i32 or bool, of the scores' shape, or of that less a last dim of 1.
    /// </param>
    /// <remarks>
    /// Bishop, "Pattern Recognition and Machine Learning" (2006), 4.3.2. Its gradient by a score is (sigmoid s - t) / count, also at 0, where formulas by |s| have a kink. Finite for
    /// every finite score. For one class of several, <see cref="SoftmaxCrossEntropy"/>.
    /// </remarks>
    /// <example><code>Expr loss = x.Linear(1).BinaryCrossEntropy(labels);   // f32[N,1], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The scores are not f32 or f64, or the targets are not of their shape, or of another float type.</exception>
    public static Expr BinaryCrossEntropy(this Expr scores, Expr targets)
    {
        bool isColumn =
            scores.Shape.Rank == targets.Shape.Rank + 1
            && scores.Shape.Dims[^1].IsOne
            && scores.Shape.Dims[..^1].SequenceEqual(targets.Shape.Dims);
        bool fits = targets.DType.IsFloat() ? scores.Type == targets.Type : scores.Shape == targets.Shape || isColumn;
        if (!scores.DType.IsFloat() || !fits)
            throw new ShapeException(
                $"binary_cross_entropy: scores must be f32 or f64, and targets of their type, or labels i32 or bool of their shape; got {scores.Type} and {targets.Type}. For scores [N,1], give labels i32[N] or targets of the scores' type."
            );
        return scores.Apply(Gate.BinaryCrossEntropy, targets.Cast(scores.DType).Reshape(scores.Shape)).Mean();
    }
}
