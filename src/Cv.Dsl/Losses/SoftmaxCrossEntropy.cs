namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Measures how improbable the right classes are, in nats: the mean over the batch of log sum_k exp s_k - s_y. Scores [..., classes] and labels
    /// i32[...] give a scalar; with C classes and scores near 0 it starts near ln C.
    /// </summary>
    /// <remarks>
    /// CS231n notes, "Softmax classifier". Its gradient is (softmax - one-hot) / N. It is -LogSoftmax().Pick(labels).Mean() with the sum and the pick
    /// taken apart: the gradient then needs no sum over the classes on the way back.
    /// </remarks>
    /// <example><code>Expr loss = scores.SoftmaxCrossEntropy(labels);   // f32[N,10], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or the number of classes is not known.</exception>
    public static Expr SoftmaxCrossEntropy(this Expr scores, Expr labels)
    {
        Scores.Check("softmax_cross_entropy", scores, labels);
        var shifted = Scores.Shift(scores);
        return (shifted.Exp().Sum(-1).Log() - shifted.Pick(labels)).Mean();
    }
}
