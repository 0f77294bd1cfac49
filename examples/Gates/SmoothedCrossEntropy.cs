using Cv.Dsl;

namespace Cv.Examples.Gates;

static partial class OwnVerbs
{
    /// <summary>
    /// Measures as softmax cross-entropy does against labels that are not quite sure: each gives up a part of its weight, which all classes share alike.
    /// Scores [..., classes] and labels i32[...] give a scalar.
    /// </summary>
    /// <remarks>Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2015), section 7.</remarks>
    public static Expr SmoothedCrossEntropy(this Expr scores, Expr labels, double part = 0.1)
    {
        var logarithms = scores.LogSoftmax();
        return -(1 - part) * logarithms.Pick(labels).Mean() - part * logarithms.Mean();
    }
}
