namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Gives the fraction of rows whose highest score is at the label, from 0 to 1. Scores [..., classes] and labels i32[...] give a scalar of the
    /// scores' dtype; no gradient flows.
    /// </summary>
    /// <remarks>Where scores tie, the first class counts; a row with NaN counts for the class of its first NaN.</remarks>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or the number of classes is not known.</exception>
    public static Expr Accuracy(this Expr scores, Expr labels)
    {
        Scores.Check("accuracy", scores, labels);
        return scores.ArgMax(-1).EqualTo(labels).Cast(scores.DType).Mean();
    }
}
