namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Gives the fraction of rows whose highest score is at the label, from 0 to 1. Scores [..., classes] and labels i32[...] give a scalar of the
    /// scores' dtype; no gradient flows.
    /// </summary>
    /// <remarks>
    /// Where scores tie, the first class counts; a row with NaN counts for the class of its first NaN. A label that an input feeds and that is no class is refused at the
    /// call; one that the graph computes counts as wrong.
    /// </remarks>
    /// <exception cref="ShapeException">
    /// The labels are not i32 with the scores' shape less the last dim, the number of classes is not known, or there is one class, which is always the highest.
    /// </exception>
    public static Expr Accuracy(this Expr scores, Expr labels)
    {
        Scores.Check("accuracy", scores, labels);
        int classes = scores.Shape[scores.Shape.Rank - 1].Value;
        if (classes < 2)
            throw new ShapeException(
                $"accuracy: there must be at least two classes; got {scores.Type}. With one score for each example, use BinaryAccuracy."
            );
        return scores.ArgMax(-1).EqualTo(labels.AsLabels(classes)).Cast(scores.DType).Mean();
    }

    /// <summary>
    /// Gives the fraction of examples whose one score is on the right side of 0: above it where the label is 1, not above it where the label is 0. Scores [..., 1] and
    /// labels i32[...] of 0 and 1 give a scalar of the scores' dtype; no gradient flows.
    /// </summary>
    /// <remarks>A score of NaN is not above 0. Labels are checked as those of <see cref="Accuracy"/> are.</remarks>
    /// <example><code>Expr right = scores.BinaryAccuracy(labels);   // f32[N,1], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or that dim is not 1.</exception>
    public static Expr BinaryAccuracy(this Expr scores, Expr labels)
    {
        Scores.Check("binary_accuracy", scores, labels);
        if (!scores.Shape[scores.Shape.Rank - 1].IsOne)
            throw new ShapeException(
                $"binary_accuracy: there must be one score for each example; got {scores.Type}. With several classes, use Accuracy."
            );
        var said = (scores.Reshape(labels.Shape) > 0f).Cast(DType.I32);
        return said.EqualTo(labels.AsLabels(2)).Cast(scores.DType).Mean();
    }
}
