namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Makes each element 0 with probability <paramref name="rate"/> in training, and divides the others by 1 - rate, so that the mean stays; otherwise changes nothing.
    /// Shape and dtype unchanged.
    /// </summary>
    /// <param name="x">The values, f32 or f64.</param>
    /// <param name="rate">The part that is dropped, at least 0 and less than 1.</param>
    /// <param name="name">The layer's name, from which its random bits are drawn; dropout1, dropout2, ... if none is given.</param>
    /// <remarks>
    /// Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout" (2014), in the form of the CS231n notes, "inverted dropout". The bits come from the name and
    /// from the count of training steps, the layer's state "dropout1.step": they differ from step to step and from layer to layer, and are the same
    /// in each run, at any width, on any number of threads. The gradient passes where the element did.
    /// </remarks>
    /// <example><code>Expr h = x.Dense(256).Relu().Dropout(0.5);</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64.</exception>
    /// <exception cref="GraphException">The rate is not in [0, 1).</exception>
    public static Expr Dropout(this Expr x, double rate, string? name = null)
    {
        Elementwise.SameFloat("dropout", [x.Type]);
        if (!(rate is >= 0 and < 1))
            throw new GraphException($"dropout: the rate must be at least 0 and less than 1; got {rate}. 0.5 drops half.");
        if (rate == 0)
            return x;
        var layer = Identity.New("dropout", name);
        var step = Draws.Step(layer);
        var kept = Expr.Uniform(x.Shape, step, layer, dtype: x.DType) >= rate;
        var dropped = Expr.Select(kept, x * (1 / (1 - rate)), x.Like(0));
        return dropped.Remember(step, step + 1.0).WhenTraining(x);
    }

    /// <inheritdoc cref="Dropout(Expr, double, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="rate">The part that is dropped, at least 0 and less than 1.</param>
    /// <param name="name">The layer's name; dropout1, dropout2, ... if none is given.</param>
    /// <example><code>var model = Model.Input(784).Dense(256).Relu().Dropout(0.5).Dense(10);</code></example>
    public static Model Dropout(this Model model, double rate, string? name = null) =>
        model.ThenVerb("dropout", x => x.Dropout(rate, name));
}
