using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Joins an input and what is computed from it: a function with parameters. Immutable; each verb gives a longer model and leaves this one as it was.
/// </summary>
/// <remarks>
/// A model names its layers as it grows, by their kind and the first number that is free in it: dense1, dense2. So two models that were built apart have layers of one name; where both meet, in one
/// graph or state, one of them needs a name, <see cref="Named"/>. A model applied twice shares its layers.
/// </remarks>
/// <example><code>
/// var model = Model.Input(28, 28, 1).Flatten().Dense(256).Relu().Dense(10);
/// Expr loss = model.Output.SoftmaxCrossEntropy(labels);
/// </code></example>
public sealed record Model
{
    readonly ImmutableArray<Link> _links;
    readonly string _scope = "";
    NameTable? _names;
    Expr? _canonical;

    /// <summary>Makes a model of a graph that was written out.</summary>
    /// <param name="source">The input that the model is a function of.</param>
    /// <param name="output">What is computed from it.</param>
    /// <exception cref="GraphException">The source is not an input.</exception>
    public Model(Expr source, Expr output)
    {
        if (source.Op is not Dsl.Input)
            throw new GraphException($"model: the source must be an input; got {source}. Make one: Expr.Input(\"x\", [\"N\", 784])?");
        (Source, Output) = (source, output);
        _links = output == source ? [] : [new(null, "graph", output)];
        _names = NameTable.Empty.With("model", Expr.Nodes(output));
    }

    Model(Expr source, ImmutableArray<Link> links, string scope, NameTable? names = null) =>
        (Source, Output, _links, _scope, _names) = (source, links.IsEmpty ? source : links[^1].Output, links, scope, names);

    /// <summary>Gives the input node, named "x" unless said otherwise.</summary>
    public Expr Source { get; }

    /// <summary>Gives the node of the result; class scores, for a classifier.</summary>
    public Expr Output { get; }

    /// <summary>
    /// Lists what each verb appended, in order: the layers that <c>Summary</c> prints. A model of a graph that was written out is one stage. Walks the graph.
    /// </summary>
    /// <example><code>string names = string.Join(" ", model.Stages.Select(s => s.Name));   // conv1 relu1 maxpool1 flatten1 dense1</code></example>
    public ImmutableArray<Stage> Stages => Link.Stages(Source, _links);

    /// <summary>Gives what the stages are made from.</summary>
    internal ImmutableArray<Link> Links => _links;

    /// <summary>Gives the model of the chain's first links.</summary>
    internal Model First(int links) => new(Source, _links[..links], _scope);

    /// <summary>Lists the parameters of the output, in the order of their appearance. Walks the graph.</summary>
    public ImmutableArray<Expr> Parameters => [.. Expr.Nodes(Output).Where(e => e.Op is Parameter)];

    /// <summary>Lists the parameters that a penalty applies to: those whose name ends in ".w". Biases are left alone (CS231n notes, "Regularization").</summary>
    public ImmutableArray<Expr> Weights => [.. Parameters.Where(e => e.Op is Parameter { IsWeight: true })];

    /// <summary>Tells whether a parameter or a state of the model has this name: what a body has is what is frozen behind a new head. Walks the graph.</summary>
    /// <example><code>Training.Compile(tuned, loss, optimiser, frozen: body.Has)</code></example>
    public bool Has(string name) => Expr.Nodes(Output).Any(e => e.Op is Parameter or State && ((Named)e.Op).Id == name);

    /// <summary>Starts a model of a batch of examples, each of these dims: f32["N", dims...], named "x". The model so far gives its input.</summary>
    /// <example><code>Model.Input(784); Model.Input(28, 28, 1);   // rows; images, height x width x channels</code></example>
    public static Model Input(params int[] dims) => Input(Shape.Of(dims), DType.F32);

    /// <summary>Starts a model of a batch of examples, each of these dims, in a dtype and under a name of one's own.</summary>
    /// <example><code>var model = Model.Input([784], DType.F64).Dense(10);</code></example>
    public static Model Input(Shape example, DType dtype, string name = "x")
    {
        var x = Expr.Input(name, new Shape(["N", .. example.Dims]), dtype);
        return new(x, x);
    }

    /// <summary>Appends any function of the output: a gate or layer of one's own.</summary>
    /// <example><code>var model = Model.Input(784).Dense(256).Then(x => x * x.Sigmoid()).Dense(10);</code></example>
    public Model Then(Func<Expr, Expr> layer) => Append(null, Link.KindOf(layer), layer);

    /// <summary>Appends any function of the output, as a stage of a name of its own, which the names of its layers begin with: stem/conv1.</summary>
    /// <example><code>var model = Model.Input(784).Dense(256).Then("swish", x => x * x.Sigmoid()).Dense(10);</code></example>
    /// <exception cref="GraphException">The model already has a stage of the name.</exception>
    public Model Then(string name, Func<Expr, Expr> layer) =>
        _links.Any(l => string.Equals(l.Name, name, StringComparison.Ordinal))
            ? throw new GraphException($"model: a stage's name must be its own; the model already has \"{name}\". Choose another.")
            : Append(name, null, layer);

    /// <summary>Appends what a verb makes of the output; the stage is numbered among those of the kind.</summary>
    internal Model ThenVerb(string kind, Func<Expr, Expr> layer) => Append(null, kind, layer);

    /// <summary>Computes the model from another input, with the same parameters: f32[N,...], or with a number for its batch.</summary>
    /// <example><code>Expr p = model.Apply(image.Reshape(1, 784)).Softmax();</code></example>
    /// <exception cref="ShapeException">The input's dtype or dims are not those of the model's own.</exception>
    /// <exception cref="GraphException">The input is made by another model, of whose layers some have the names of this one's.</exception>
    public Expr Apply(Expr x)
    {
        var binding = new Dictionary<string, int>();
        for (int axis = 0; axis < Math.Min(x.Shape.Rank, Source.Shape.Rank); axis++)
            if (Source.Shape[axis].Symbol is { } symbol && x.Shape[axis].IsKnown)
                binding.TryAdd(symbol, x.Shape[axis].Value);
        var bound = Source.Bind(binding);
        if (x.Type != bound.Type)
            throw new ShapeException(
                $"model: the input must be {Source.Type}, or have numbers for its symbols; got {x.Type}. Reshape or cast it, or convert the model: WithDType?"
            );
        var output = binding.Count == 0 ? Output : Output.Bind(binding);
        Names.Meet("model", Expr.Nodes(x)); // here, where the two meet, they can be told apart
        return output.Substitute(new Dictionary<Expr, Expr> { [bound] = x });
    }

    /// <summary>
    /// Gives the model under a name: a copy with layers of its own, which are called "critic/dense1" where this model's are dense1. Layers that are added to the copy are called so too. A layer whose
    /// name was chosen stays the same in both. The same name gives the same copy.
    /// </summary>
    /// <param name="name">What the names of its layers begin with.</param>
    /// <example><code>
    /// var generator = Model.Input(16).Dense(64).Relu().Dense(16).Named("generator");
    /// var critic = Model.Input(16).Dense(64).Relu().Dense(1).Named("critic");
    /// Expr judged = critic.Apply(generator.Output);   // generator/dense1, ..., critic/dense1, ...
    /// </code></example>
    /// <exception cref="GraphException">The name is empty.</exception>
    public Model Named(string name)
    {
        Dsl.Named.Check("model", name);
        var outputs = Dsl.Canonical.In(name, [.. _links.Select(l => l.Output)]);
        return new(Source, [.. _links.Zip(outputs, (l, output) => l with { Output = output })], $"{name}/{_scope}");
    }

    /// <summary>Converts input, parameters and constants to another float dtype; the parameters' names stay.</summary>
    /// <example><code>var exact = model.WithDType(DType.F64);   // for a gradient check</code></example>
    /// <exception cref="ShapeException">The dtype is not f32 or f64.</exception>
    public Model WithDType(DType to) =>
        new(Source.WithDType(to), [.. _links.Select(l => l with { Output = l.Output.WithDType(to) })], _scope);

    /// <summary>Compares two models by what they compute, layers by their names: models that are written alike are equal. How it was written down makes no difference.</summary>
    public bool Equals(Model? other) => other is not null && Source == other.Source && Canonical == other.Canonical;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Source, Canonical);

    NameTable Names => _names ??= NameTable.Empty.With("model", Expr.Nodes(Output));

    Expr Canonical => _canonical ??= Dsl.Canonical.Of(Output);

    Model Append(string? name, string? kind, Func<Expr, Expr> layer)
    {
        var output = layer(Output);
        var names = Names.With("model", Expr.Unseen([Output], output), name is null ? _scope : $"{_scope}{name}/");
        return new(Source, _links.Add(new(name, kind, output)), _scope, names);
    }
}
