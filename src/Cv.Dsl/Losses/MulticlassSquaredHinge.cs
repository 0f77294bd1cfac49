namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Measures like <see cref="MulticlassSvm"/>, with each hinge squared, so that large violations weigh more: the mean over the batch of
    /// sum_{j != y} max(0, s_j - s_y + margin)^2. Scores [..., classes] and labels i32[...] give a scalar, at least 0.
    /// </summary>
    /// <remarks>The squared hinge loss SVM, or L2-SVM, of the CS231n notes, "Multiclass Support Vector Machine loss". Its gradient has no jumps.</remarks>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or the number of classes is not known.</exception>
    /// <exception cref="GraphException">The margin is negative, NaN or infinite.</exception>
    public static Expr MulticlassSquaredHinge(this Expr scores, Expr labels, double margin = 1) =>
        Hinges("multiclass_squared_hinge", scores, labels, margin).Pow(2).Sum(-1).Mean();
}
