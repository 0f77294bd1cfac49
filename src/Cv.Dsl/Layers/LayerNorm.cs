namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Normalises each row of features by itself: (x - mean) / sqrt(variance + epsilon) along the last axis, times a factor, plus a summand, both trained. Shape
    /// and dtype unchanged: [N, ..., C].
    /// </summary>
    /// <param name="x">The examples, f32 or f64.</param>
    /// <param name="name">The layer's name: its parameters are "name.scale" and "name.shift", [1, ..., 1, C]. layernorm1, layernorm2, ... if none is given.</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <remarks>Ba, Kiros and Hinton, "Layer Normalization" (2016). The same in training and after it. The parameters have no penalty.</remarks>
    /// <example><code>Expr h = x.Dense(100).LayerNorm().Relu();</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64 of two dims or more, the last known.</exception>
    /// <exception cref="GraphException">Epsilon is not a finite number above 0.</exception>
    public static Expr LayerNorm(this Expr x, string? name = null, double epsilon = 1e-5)
    {
        var layer = Identity.New("layernorm", name);
        Normalisation.Check("layer_norm", layer, x, epsilon);
        var (scale, shift) = Normalisation.Parameters(x, layer);
        var difference = x - x.Mean([-1], keepDims: true);
        return difference * (1.0 / (x.Variance([-1], keepDims: true) + epsilon).Sqrt()) * scale + shift;
    }

    /// <inheritdoc cref="LayerNorm(Expr, string, double)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="name">The layer's name; layernorm1, layernorm2, ... if none is given.</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    /// <example><code>var model = Model.Input(784).Dense(100).LayerNorm().Relu().Dense(10);</code></example>
    public static Model LayerNorm(this Model model, string? name = null, double epsilon = 1e-5)
    {
        LayerNames.CheckFree("layer_norm", model, name, ".Then(x => x.LayerNorm(...))", "scale");
        return model.ThenVerb("layernorm", x => x.LayerNorm(name, epsilon));
    }
}
