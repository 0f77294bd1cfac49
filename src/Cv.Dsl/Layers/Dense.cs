namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Applies a fully connected layer, x W + b: [N, in] becomes [N, out]. Its parameters are "dense1.w" [in, out] and "dense1.b" [1, out], then "dense2.w"
    /// and so on: a model or graph that it becomes part of gives the first number that is free there.
    /// </summary>
    /// <param name="x">The rows, f32 or f64.</param>
    /// <param name="outputs">The number of columns of the result, at least 1.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="name">The layer's name, instead of dense1, dense2, ...; layers of one name share their parameters.</param>
    /// <remarks>Each call is a layer of its own. To use one twice, make it a value, <see cref="Layer.Of(Func{Expr, Expr})"/>, or give both a name.</remarks>
    /// <example><code>Expr scores = x.Dense(256).Relu().Dense(10);   // f32[N,784] -> f32[N,10]</code></example>
    /// <exception cref="ShapeException">The input is not [N, in] with in known (flatten images first), or there are no outputs.</exception>
    public static Expr Dense(this Expr x, int outputs, Initialiser? weights = null, Initialiser? biases = null, string? name = null) =>
        x.Linear(outputs, Identity.New("dense", name), weights, biases);

    /// <summary>
    /// Appends a fully connected layer, x W + b: [N, in] becomes [N, out]. Its parameters are "dense1.w" [in, out] and "dense1.b" [1, out], then "dense2.w"
    /// and so on, unless it is given a name.
    /// </summary>
    /// <param name="model">The model so far.</param>
    /// <param name="outputs">The number of outputs of each example, at least 1.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="name">The layer's name, instead of dense1, dense2, ...</param>
    /// <example><code>var model = Model.Input(784).Dense(256).Relu().Dense(10, Initialiser.SmallRandom());</code></example>
    /// <exception cref="ShapeException">The model's output is not [N, in] with in known (flatten images first), or there are no outputs.</exception>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    public static Model Dense(this Model model, int outputs, Initialiser? weights = null, Initialiser? biases = null, string? name = null)
    {
        LayerNames.CheckFree("dense", model, name, ".Then(x => x.Dense(...))");
        return model.ThenVerb("dense", x => x.Dense(outputs, weights, biases, name));
    }
}
