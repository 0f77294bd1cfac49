namespace Cv.Dsl;

/// <summary>Checks what a loss is given, so that the error names the loss and not a primitive inside it.</summary>
static class Scores
{
    /// <summary>Asks for floats with a class axis.</summary>
    public static void Check(string op, Expr scores)
    {
        if (!scores.DType.IsFloat() || scores.Shape.Rank == 0)
            throw new ShapeException(
                $"{op}: scores must be f32 or f64 with the classes along the last dim; got {scores.Type}. Give scores f32[N,10], say."
            );
    }

    /// <summary>Asks for scores of a known number of classes, and one i32 label for each row of them.</summary>
    public static void Check(string op, Expr scores, Expr labels)
    {
        Check(op, scores);
        if (labels.DType != DType.I32 || !scores.Shape.Dims[..^1].SequenceEqual(labels.Shape.Dims))
            throw new ShapeException(
                $"{op}: labels must be i32 with the scores' shape less the last dim; got {scores.Type} and {labels.Type}. For scores [N,10], give labels i32[N]."
            );
        if (!scores.Shape.Dims[^1].IsKnown)
            throw new ShapeException(
                $"{op}: the number of classes must be known; got {scores.Type}. Give the last dim a number: only the batch may be a symbol."
            );
    }

    /// <summary>Takes the largest score from each row, as a constant: a softmax does not change by it, so no gradient need flow through it.</summary>
    public static Expr Shift(Expr scores) => scores - scores.Max([-1], keepDims: true).StopGradient(); // exp overflows f32 above 88.7
}
