namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Takes the largest pixel of each channel in the whole image: [N, H, W, C] becomes [N, C], rows that a dense layer takes.</summary>
    /// <remarks>It is <see cref="Max(Expr, int[])"/> over height and width, so pixels that tie share the gradient.</remarks>
    /// <example><code>Expr features = x.GlobalMaxPool();   // f32[N,8,8,64] -> f32[N,64]</code></example>
    /// <exception cref="ShapeException">The operand is no [N, H, W, C] of numbers, or all but N is not known.</exception>
    public static Expr GlobalMaxPool(this Expr x)
    {
        Images.Check("global_max_pool", "images", x.Type);
        return x.Max(1, 2);
    }

    /// <inheritdoc cref="GlobalMaxPool(Expr)"/>
    public static Model GlobalMaxPool(this Model model) => model.ThenVerb("globalmaxpool", GlobalMaxPool);
}
