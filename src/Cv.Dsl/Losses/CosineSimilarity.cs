namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Divides a product by two lengths, given as squares that count as 1e-16 at least: d / (sqrt a sqrt b).</summary>
    public static ScalarGate Cosine =>
        field ??= Define("cosine", (d, a, b) => d / (MathF.Sqrt(MathF.Max(a, 1e-16f)) * MathF.Sqrt(MathF.Max(b, 1e-16f))));
}

public static partial class Verbs
{
    /// <summary>Gives the cosine of the angle between vectors along the last dim: a b / (|a| |b|), [..., C] and [..., C] to [...]; 0 for a vector of zeros.</summary>
    /// <example><code>Expr loss = (1.0 - a.CosineSimilarity(b)).Mean();   // f32[N,64], f32[N,64] -> f32[]</code></example>
    /// <exception cref="ShapeException">The two differ in dtype or shape, are not f32 or f64, or are scalars.</exception>
    public static Expr CosineSimilarity(this Expr a, Expr b)
    {
        Pairs.Check("cosine_similarity", "the vectors", a, "their partners", b, least: 1);
        return (a * b).Sum(-1).Apply(Gate.Cosine, (a * a).Sum(-1), (b * b).Sum(-1));
    }
}
