namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Measures as <see cref="SoftmaxCrossEntropy"/> does, against targets that leave a part of the probability to all classes alike: a scalar. A net that is
    /// never told to be certain is better calibrated.
    /// </summary>
    /// <param name="scores">The scores, [..., classes].</param>
    /// <param name="labels">The right classes, i32[...].</param>
    /// <param name="part">The part that all classes share, from 0 to 1; with C classes the right one's target is 1 - part + part / C.</param>
    /// <remarks>Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for Computer Vision" (2016).</remarks>
    /// <example><code>Expr loss = scores.LabelSmoothing(labels, 0.1);   // f32[N,10], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or the number of classes is not known.</exception>
    /// <exception cref="GraphException">The part is not a number from 0 to 1.</exception>
    public static Expr LabelSmoothing(this Expr scores, Expr labels, double part = 0.1)
    {
        Scores.Check("label_smoothing", scores, labels);
        if (!(part >= 0 && part <= 1))
            throw new GraphException($"label_smoothing: the part that all classes share must be from 0 to 1; got {part}. 0.1 is usual.");
        var logarithms = scores.LogSoftmax();
        return -(1 - part) * logarithms.Pick(labels).Mean() - part * logarithms.Mean();
    }
}
