namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Averages each channel over the whole image: [N, H, W, C] becomes [N, C], rows that a dense layer takes.</summary>
    /// <remarks>Lin, Chen and Yan, "Network In Network" (2013), section 3.2.</remarks>
    /// <example><code>Expr scores = x.Conv(10, 1).GlobalAvgPool();   // f32[N,8,8,64] -> f32[N,10]</code></example>
    /// <exception cref="ShapeException">The operand is no [N, H, W, C] of floats, or all but N is not known.</exception>
    public static Expr GlobalAvgPool(this Expr x)
    {
        Images.Check("global_avg_pool", "images", x.Type);
        return x.Mean(1, 2);
    }

    /// <inheritdoc cref="GlobalAvgPool(Expr)"/>
    public static Model GlobalAvgPool(this Model model) => model.ThenVerb("globalavgpool", GlobalAvgPool);
}
