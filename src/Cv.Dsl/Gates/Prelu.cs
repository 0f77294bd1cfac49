namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Prelu(Expr, Expr)"/>
    public static ScalarGate Prelu => field ??= Define("prelu", (x, slope) => x > 0 ? x : slope * x);
}

public static partial class Verbs
{
    /// <summary>Lets positive elements through and scales the others by a slope that is trained: x where x &gt; 0, else slope x. Shapes broadcast.</summary>
    /// <remarks>He, Zhang, Ren and Sun, "Delving Deep into Rectifiers" (2015), who start the slope at 0.25 and do not penalise it.</remarks>
    /// <example><code>Expr h = x.Prelu(Expr.Parameter("slope", [1, 256], Initialiser.Zeros));   // f32[N,256]</code></example>
    /// <exception cref="ShapeException">The operands are not f32 or f64 of one dtype, or do not broadcast.</exception>
    public static Expr Prelu(this Expr x, Expr slope) => x.Apply(Gate.Prelu, slope);
}
