using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Holds what training needs: a compiled step, a compiled evaluator, and the leaves whose values live between calls.</summary>
/// <param name="Step">One training step: forward, backward and update. Inputs "x" and "labels" (the model's input may bear another name); outputs the loss and the metrics that were asked for.</param>
/// <param name="Evaluate">Loss and metrics of a batch, from the same inputs; changes nothing.</param>
/// <param name="Predict">The scores of a batch, from the model's input alone.</param>
/// <param name="Leaves">The parameters, the model's states, such as running means, and the optimiser's.</param>
/// <param name="ParameterCount">The number of trained numbers.</param>
public sealed record TrainingProgram(
    CompiledFunction Step,
    CompiledFunction Evaluate,
    CompiledFunction Predict,
    ImmutableArray<Expr> Leaves,
    int ParameterCount
)
{
    /// <summary>Makes the first parameters and states from a seed.</summary>
    public ModelState Initialise(ulong seed) => ModelState.Initialise(Leaves, seed);

    /// <summary>Gives the program whose Evaluate and Predict read the averages of the parameters, and whose step is the same: for an optimiser made by <see cref="Optimiser.Average"/>.</summary>
    /// <remarks>Other states, such as running means, are those of the last step, not averages.</remarks>
    /// <example><code>
    /// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(0.1).Average(0.999)).WithAverages();
    /// new Trainer(program.Step, program.Evaluate).Train(state, batches, validation);   // judges the averages
    /// </code></example>
    /// <exception cref="GraphException">The optimiser keeps no averages.</exception>
    public TrainingProgram WithAverages() => Kept.Apply(this);

    /// <summary>Copies a state into one whose parameters are their averages: to be saved, or used with any function of the model.</summary>
    /// <example><code>using var averaged = program.Averages(state);</code></example>
    /// <exception cref="GraphException">The optimiser keeps no averages.</exception>
    public ModelState Averages(ModelState state) => Kept.Of(state);

    internal Averaging? Averaging { get; init; }

    Averaging Kept =>
        Averaging
        ?? throw new GraphException(
            "averages: the optimiser must keep them; this one has none. Ask for them: Optimiser.Momentum(0.1).Average(0.999)?"
        );

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(TrainingProgram), PrintMembers);
}

/// <summary>Compiles models for training.</summary>
/// <example><code>
/// var model = Model.Input(784).Dense(256).Relu().Dense(10);
/// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(0.1), metrics: [Metric.Accuracy]);
/// using var state = program.Initialise(seed: 1);
/// var outputs = program.Step.Call(state, new Binding("x", images), new Binding("labels", labels));
/// </code></example>
public static class Training
{
    /// <summary>Names the input that holds a batch's labels.</summary>
    public const string Labels = "labels";

    /// <summary>
    /// Compiles a classifier's training step: the loss of the model's scores, its gradient by every parameter, and the optimiser's update, as
    /// one graph. Layers that differ in training do so in the step, and only the step moves their states.
    /// </summary>
    /// <param name="model">The model; its output is scores [N, classes].</param>
    /// <param name="loss">Gives the scalar loss from scores and labels i32[N].</param>
    /// <param name="optimiser">Gives each parameter's next value.</param>
    /// <param name="penalty">Gives a scalar that is added for each weight, such as <c>w => 1e-4 * w.L2()</c>; biases have none.</param>
    /// <param name="options">Threads and vector width.</param>
    /// <param name="frozen">
    /// Says by name which parameters stay as they are: no gradient is taken, nothing of them is updated or penalised. A layer all of whose parameters are
    /// frozen runs as in prediction, and its states stay too: batch norm uses its running statistics. None, unless given.
    /// </param>
    /// <param name="metrics">What to compute and show besides the loss, from the same scores and labels; nothing, unless given.</param>
    /// <example><code>
    /// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3), frozen: name => name.StartsWith("conv"));
    /// </code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or does not depend on one of the parameters, or the model has none, or all are frozen; or a metric is not a scalar.</exception>
    public static TrainingProgram Compile(
        Model model,
        Func<Expr, Expr, Expr> loss,
        Optimiser optimiser,
        Func<Expr, Expr>? penalty = null,
        CompileOptions? options = null,
        Func<string, bool>? frozen = null,
        IReadOnlyList<Metric>? metrics = null
    )
    {
        var parameters = model.Parameters;
        if (parameters.IsEmpty)
            throw new GraphException("training: the model must have a parameter; got none. Add a layer: .Dense(10)?");
        var trained = Frozen.Trained(parameters, frozen);
        var scores = model.Output;
        var labels = Expr.Input(Labels, new Shape(scores.Shape.Dims[..^1]), DType.I32);
        var total = loss(scores, labels);
        if (penalty is not null)
            total = model.Weights.Where(trained.Contains).Aggregate(total, (sum, w) => sum + penalty(w));
        var results = new Graph([total, .. Measured(metrics ??= [], scores, labels)]);
        // before the gradient is taken, so that it knows nothing of the branches that a step never takes
        var states = results.Nodes.Where(e => e.Op is State).ToList();
        var forward = results.ForTrainingBut(Frozen.States(states, parameters, trained));
        var (updates, leaves) = Descend(forward.Outputs[0], trained, optimiser);
        return new(
            Cv.Compiler.Compile.Function(new Graph(forward.Outputs, [.. updates, .. forward.Updates]), options, metrics),
            Cv.Compiler.Compile.Function(results, options, metrics),
            Cv.Compiler.Compile.Function(new Graph(scores), options),
            [.. leaves.Union(parameters).Union(states)],
            trained.Sum(p => p.Shape.Size)
        )
        {
            Averaging = Averaging.Of(results, scores, trained, optimiser, options, metrics),
        };
    }

    /// <summary>Gives the metrics' scalars.</summary>
    static IEnumerable<Expr> Measured(IReadOnlyList<Metric> metrics, Expr scores, Expr labels)
    {
        for (int i = 0; i < metrics.Count; i++)
        {
            if (metrics.Take(i).Any(m => m.Name == metrics[i].Name))
                throw new GraphException(
                    $"training: each metric must have a name of its own; got \"{metrics[i].Name}\" twice. Rename one."
                );
            var value = metrics[i].Of(scores, labels);
            if (value.Shape.Rank != 0)
                throw new GraphException(
                    $"training: a metric must be a scalar; \"{metrics[i].Name}\" gives {value.Type}. Average it: .Mean()?",
                    value
                );
            yield return value;
        }
    }

    /// <summary>Moves every parameter along its gradient of the loss: the updates, and the leaves that they update.</summary>
    internal static (ImmutableArray<Update> Updates, ImmutableArray<Expr> Leaves) Descend(
        Expr loss,
        ImmutableArray<Expr> parameters,
        Optimiser optimiser
    )
    {
        var gradients = optimiser.Prepare([.. Gradient.Of(loss, [.. parameters])]);
        var leaves = new List<Expr>(parameters);
        var updates = new Dictionary<Expr, Update>();
        foreach (var (parameter, gradient) in parameters.Zip(gradients))
        {
            using var from = Origins.From(parameter, $"update of {((Parameter)parameter.Op).Id}");
            var state = optimiser.Init(parameter);
            var (next, nextState) = optimiser.Update(parameter, gradient, state);
            updates[parameter] = new(parameter, next);
            foreach (var (leaf, value) in state.Zip(nextState).Where(s => s.First != s.Second))
                updates[leaf] = new(leaf, value); // a leaf that all parameters share has one and the same next value
            leaves.AddRange(state);
        }
        return ([.. updates.Values], [.. leaves.Distinct()]);
    }
}
