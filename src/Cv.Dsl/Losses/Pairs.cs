namespace Cv.Dsl;

/// <summary>Checks what losses of two tensors are given: nothing is broadcast in them.</summary>
static class Pairs
{
    public static void Check(string op, string first, Expr a, string second, Expr b, int least = 0)
    {
        if (a.Type != b.Type || !a.DType.IsFloat() || a.Shape.Rank < least)
            throw new ShapeException(
                $"{op}: {first} and {second} must be of one type, f32 or f64{(least == 0 ? "" : " with the features along the last dim")}; got {a.Type} and {b.Type}. Cast or reshape one side."
            );
    }
}
