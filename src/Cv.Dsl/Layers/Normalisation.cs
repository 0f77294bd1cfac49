namespace Cv.Dsl;

/// <summary>Holds what the normalising layers share: their parameters and the checks of what they are given.</summary>
static class Normalisation
{
    /// <summary>Asks for floats whose last dim, the channels, is known and not the only one.</summary>
    public static void Check(string op, Identity layer, Expr x, double epsilon)
    {
        if (x.Shape.Rank < 2 || !x.Shape.Dims[^1].IsKnown || !x.DType.IsFloat())
            throw new ShapeException(
                $"{op}: \"{NameTable.NameBehind(x, layer)}\" needs examples of features, f32 or f64 [N, ..., C] with C known; got {x.Type}. {Fix(x)}"
            );
        if (!double.IsFinite(epsilon) || epsilon <= 0)
            throw new GraphException($"{op}: epsilon must be a finite number above 0; got {epsilon}. 1e-5 is usual.");
    }

    /// <summary>Makes the factor and the summand of each channel, [1, ..., 1, C]: 1 and 0 at first.</summary>
    public static (Expr Scale, Expr Shift) Parameters(Expr x, Identity layer)
    {
        var shape = PerChannel(x);
        return (
            Expr.Parameter(layer, "scale", shape, Initialiser.Ones, x.DType),
            Expr.Parameter(layer, "shift", shape, Initialiser.Zeros, x.DType)
        );
    }

    /// <summary>Gives the shape of one number for each channel: [1, ..., 1, C].</summary>
    public static Shape PerChannel(Expr x) => new([.. Enumerable.Repeat(new Dim(1), x.Shape.Rank - 1), x.Shape.Dims[^1]]);

    static string Fix(Expr x) =>
        !x.DType.IsFloat() ? "Cast it first: .Cast(DType.F32)?"
        : x.Shape.Rank < 2 ? "Reshape it first: .Reshape(1, -1)?"
        : "Give the last dim a number.";
}
