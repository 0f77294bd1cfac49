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

    /// <summary>Lets positive elements through and scales the others by slopes of its own, one for each channel, which are trained. Shape and dtype unchanged: [N, ..., C].</summary>
    /// <param name="x">The values, f32 or f64, of two dims or more, the last known.</param>
    /// <param name="start">The slopes' first value.</param>
    /// <param name="name">The layer's name: its parameter is "name.slope", [1, ..., 1, C], without a penalty. prelu1, prelu2, ... if none is given.</param>
    /// <remarks>He, Zhang, Ren and Sun, "Delving Deep into Rectifiers" (2015), channel-wise; the notes, "Commonly used activation functions".</remarks>
    /// <example><code>Expr h = x.Conv(16, 3, padding: 1).Prelu();</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64 of two dims or more, the last known.</exception>
    public static Expr Prelu(this Expr x, double start = 0.25, string? name = null)
    {
        var layer = Identity.New("prelu", name);
        Normalisation.Check("prelu", layer, x, epsilon: 1);
        return x.Prelu(Expr.Parameter(layer, "slope", Normalisation.PerChannel(x), Initialiser.Constant(start), x.DType));
    }

    /// <inheritdoc cref="Prelu(Expr, double, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="start">The slopes' first value.</param>
    /// <param name="name">The layer's name; prelu1, prelu2, ... if none is given.</param>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    public static Model Prelu(this Model model, double start = 0.25, string? name = null)
    {
        LayerNames.CheckFree("prelu", model, name, ".Then(x => x.Prelu(...))", "slope");
        return model.ThenVerb("prelu", x => x.Prelu(start, name));
    }
}
