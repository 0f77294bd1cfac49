namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Turns scores [..., classes] into probabilities, positive and summing to 1 along the last dim: exp s_j / sum_k exp s_k. Shape and dtype
    /// unchanged.
    /// </summary>
    /// <remarks>Shifted by the maximum first, so that large scores do not overflow (CS231n notes, "Softmax classifier", numeric stability).</remarks>
    /// <example><code>Expr p = scores.Softmax();   // f32[N,10] -> f32[N,10]</code></example>
    /// <exception cref="ShapeException">The scores are not f32 or f64, or a scalar.</exception>
    public static Expr Softmax(this Expr scores)
    {
        Scores.Check("softmax", scores);
        var powers = Scores.Shift(scores).Exp();
        return powers / powers.Sum([-1], keepDims: true);
    }
}
