namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Squares the hinge: max(1 - s t, 0)^2, for a target t of 1 or -1.</summary>
    public static ScalarGate SquaredHinge => field ??= Define("squared_hinge", (s, t) => MathF.Pow(MathF.Max(1 - s * t, 0), 2));
}

public static partial class Verbs
{
    /// <summary>Averages max(1 - s t, 0)^2 over all elements: scores, and targets of 1 or -1, give a scalar. Smooth at the margin.</summary>
    /// <remarks>The L2-SVM; for several classes, <see cref="MulticlassSquaredHinge"/>.</remarks>
    /// <exception cref="ShapeException">The two differ in dtype or shape, or are not f32 or f64.</exception>
    public static Expr SquaredHinge(this Expr scores, Expr targets)
    {
        Pairs.Check("squared_hinge", "scores", scores, "targets", targets);
        return scores.Apply(Gate.SquaredHinge, targets).Mean();
    }
}
