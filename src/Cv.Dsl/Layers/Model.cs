using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Joins an input and what is computed from it: a function with parameters. Immutable; each verb gives a longer model and leaves this one as it was.
/// </summary>
/// <example><code>
/// var model = Model.Input(28, 28, 1).Flatten().Dense(256).Relu().Dense(10);
/// Expr loss = model.Output.SoftmaxCrossEntropy(labels);
/// </code></example>
public sealed record Model
{
    /// <summary>Makes a model of a graph that was written out.</summary>
    /// <param name="source">The input that the model is a function of.</param>
    /// <param name="output">What is computed from it.</param>
    /// <exception cref="GraphException">The source is not an input.</exception>
    public Model(Expr source, Expr output)
    {
        if (source.Op is not Dsl.Input)
            throw new GraphException($"model: the source must be an input; got {source}. Make one: Expr.Input(\"x\", [\"N\", 784])?");
        (Source, Output) = (source, output);
    }

    /// <summary>Gives the input node, named "x" unless said otherwise.</summary>
    public Expr Source { get; }

    /// <summary>Gives the node of the result; class scores, for a classifier.</summary>
    public Expr Output { get; }

    /// <summary>Lists the parameters of the output, in the order of their appearance. Walks the graph.</summary>
    public ImmutableArray<Expr> Parameters => [.. Expr.Nodes(Output).Where(e => e.Op is Parameter)];

    /// <summary>Lists the parameters that a penalty applies to: those whose name ends in ".w". Biases are left alone (CS231n notes, "Regularization").</summary>
    public ImmutableArray<Expr> Weights => [.. Parameters.Where(e => e.Op is Parameter p && p.Id.EndsWith(".w", StringComparison.Ordinal))];

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
    public Model Then(Func<Expr, Expr> layer) => new(Source, layer(Output));

    /// <summary>Computes the model from another input, with the same parameters: f32[N,...], or with a number for its batch.</summary>
    /// <example><code>Expr p = model.Apply(image.Reshape(1, 784)).Softmax();</code></example>
    /// <exception cref="ShapeException">The input's dtype or dims are not those of the model's own.</exception>
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
        return output.Substitute(new Dictionary<Expr, Expr> { [bound] = x });
    }

    /// <summary>Converts input, parameters and constants to another float dtype; the parameters' names stay.</summary>
    /// <example><code>var exact = model.WithDType(DType.F64);   // for a gradient check</code></example>
    /// <exception cref="ShapeException">The dtype is not f32 or f64.</exception>
    public Model WithDType(DType to) => new(Source.WithDType(to), Output.WithDType(to));
}
