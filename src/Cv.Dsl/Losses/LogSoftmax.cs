namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Turns scores [..., classes] into logarithms of probabilities along the last dim: s_j - log sum_k exp s_k. Shape and dtype unchanged.
    /// </summary>
    /// <remarks>Stays finite where the probability itself rounds to 0, as Softmax().Log() does not.</remarks>
    /// <exception cref="ShapeException">The scores are not f32 or f64, or a scalar.</exception>
    public static Expr LogSoftmax(this Expr scores)
    {
        Scores.Check("log_softmax", scores);
        var shifted = Scores.Shift(scores);
        return shifted - shifted.Exp().Sum([-1], keepDims: true).Log();
    }
}
