namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Weighs a logarithm l of a probability by how far the probability is from 1: -(1 - exp l)^gamma l, and 0 where the probability is 1.</summary>
    /// <exception cref="GraphException">Gamma is not a finite number, at least 0.</exception>
    public static ScalarGate Focal(double gamma = 2)
    {
        Settings.NotNegative("focal_loss", "gamma", gamma, "2 is usual.");
        // the mask keeps 0^(gamma - 1) from the gradient of what is certain already
        return gamma == 0 ? Define("focal", l => -l) : Define("focal", l => l < 0 ? -(Math.Pow(-double.ExpM1(l), gamma) * l) : 0);
    }
}

public static partial class Verbs
{
    /// <summary>
    /// Measures how improbable the right classes are, and counts little what is nearly right: the mean over the batch of -(1 - p)^gamma log p, where p is the
    /// right class's softmax. Scores [..., classes] and labels i32[...] give a scalar; gamma 0 is the cross-entropy.
    /// </summary>
    /// <remarks>Lin, Goyal, Girshick, He and Dollar, "Focal Loss for Dense Object Detection" (2017), over several classes.</remarks>
    /// <example><code>Expr loss = scores.FocalLoss(labels);   // f32[N,10], i32[N] -> f32[]</code></example>
    /// <exception cref="ShapeException">The labels are not i32 with the scores' shape less the last dim, or the number of classes is not known.</exception>
    /// <exception cref="GraphException">Gamma is not a finite number, at least 0.</exception>
    public static Expr FocalLoss(this Expr scores, Expr labels, double gamma = 2)
    {
        Scores.Check("focal_loss", scores, labels);
        return scores.LogSoftmax().Pick(labels).Apply(Gate.Focal(gamma)).Mean();
    }
}
