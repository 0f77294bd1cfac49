namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Measures by how much wrong classes come within <paramref name="margin"/> of the right one: the mean over the batch of
    /// sum_{j != y} max(0, s_j - s_y + margin). Scores [..., classes] and labels i32[...] give a scalar, at least 0.
    /// </summary>
    /// <remarks>
    /// The multiclass support vector machine of Weston and Watkins (1999), as in the CS231n notes, "Multiclass Support Vector Machine loss". With C
    /// classes and scores near 0 it starts near (C - 1) margin. A wrong class that stands exactly at the margin gets no gradient.
    /// </remarks>
    /// <example><code>Expr loss = scores.MulticlassSvm(labels);   // f32[N,10], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or the number of classes is not known.</exception>
    /// <exception cref="GraphException">The margin is negative, NaN or infinite.</exception>
    public static Expr MulticlassSvm(this Expr scores, Expr labels, double margin = 1) =>
        Hinges("multiclass_svm", scores, labels, margin).Sum(-1).Mean();

    /// <summary>Gives max(0, s_j - s_y + margin) for each wrong class, and an exact 0 for the right one.</summary>
    static Expr Hinges(string op, Expr scores, Expr labels, double margin)
    {
        Scores.Check(op, scores, labels);
        if (!double.IsFinite(margin) || margin < 0)
            throw new GraphException($"{op}: the margin must be a finite number, at least 0; got {margin}. 1 is usual.");
        var right = scores.Pick(labels).Reshape(scores.Shape.With(scores.Shape.Rank - 1, 1));
        var isRight = labels.OneHot(scores.Shape[scores.Shape.Rank - 1].Value, DType.Bool);
        // masked, not subtracted: (2.9 + 1) - 1 is not 2.9; and after the maximum, which lets NaN through, as a comparison would not
        return Expr.Select(isRight, scores.Like(0), (scores - right + margin).Maximum(0));
    }
}
