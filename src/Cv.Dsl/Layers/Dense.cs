namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Appends a fully connected layer, x W + b: [N, in] becomes [N, out]. Its parameters are "dense1.w" [in, out] and "dense1.b" [1, out], then "dense2.w" and so on,
    /// unless it is given a name.
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
        var taken = model.Parameters.Select(p => ((Parameter)p.Op).Id).ToHashSet();
        if (name is not null && taken.Contains(name + ".w"))
            throw new GraphException(
                $"dense: a layer's name must be its own; the model already has \"{name}.w\". Choose another name, or share on purpose: Then(x => x.Linear(...))."
            );
        return model.Then(x => x.Linear(outputs, name ?? FreeName(taken), weights, biases));
    }

    static string FreeName(HashSet<string> taken)
    {
        for (int i = 1; ; i++)
            if (!taken.Contains($"dense{i}.w"))
                return $"dense{i}";
    }
}
