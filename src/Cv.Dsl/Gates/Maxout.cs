namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Takes the largest of each group of neighbouring features: [..., k m] becomes [..., m], each the maximum of <paramref name="pieces"/> = k.</summary>
    /// <remarks>
    /// Goodfellow, Warde-Farley, Mirza, Courville and Bengio, "Maxout Networks" (2013); with the layer before it, a convex function that is learned. Features
    /// that tie share the gradient.
    /// </remarks>
    /// <example><code>Expr h = x.Dense(512).Maxout(2);   // f32[N,512] -> f32[N,256]</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64 with a known last dim that the pieces divide.</exception>
    public static Expr Maxout(this Expr x, int pieces)
    {
        int rank = x.Shape.Rank;
        if (!x.DType.IsFloat() || rank == 0 || !x.Shape[rank - 1].IsKnown || pieces < 1 || x.Shape[rank - 1].Value % pieces != 0)
            throw new ShapeException(
                $"maxout: the features, f32 or f64 along a known last dim, must divide into groups of the pieces; got {x.Type} for {pieces}. Make pieces times as many: .Dense(features * pieces)?"
            );
        return x.Reshape(new Shape([.. x.Shape.Dims[..^1], x.Shape[rank - 1].Value / pieces, pieces])).Max(-1);
    }

    /// <inheritdoc cref="Maxout(Expr, int)"/>
    public static Model Maxout(this Model model, int pieces) => model.ThenVerb("maxout", x => x.Maxout(pieces));
}
