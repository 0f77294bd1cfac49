namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Gives by how much a score falls short of its side of the margin: max(1 - s t, 0), for a target t of 1 or -1.</summary>
    public static ScalarGate Hinge => field ??= Define("hinge", (s, t) => MathF.Max(1 - s * t, 0));
}

public static partial class Verbs
{
    /// <summary>Averages max(1 - s t, 0) over all elements: scores, and targets of 1 or -1, give a scalar. What stands at the margin gets no gradient.</summary>
    /// <remarks>
    /// The support vector machine of two classes: Cortes and Vapnik, "Support-Vector Networks" (1995). For several, <see cref="MulticlassSvm"/>.
    /// </remarks>
    /// <exception cref="ShapeException">The two differ in dtype or shape, or are not f32 or f64.</exception>
    public static Expr Hinge(this Expr scores, Expr targets)
    {
        Pairs.Check("hinge", "scores", scores, "targets", targets);
        return scores.Apply(Gate.Hinge, targets).Mean();
    }
}
