using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Lets several trained nets vote: the prediction is the mean of their probabilities. The nets may be one architecture from several seeds, snapshots of one
/// run (<see cref="Snapshots"/>), or different models of the same classes.
/// </summary>
/// <remarks>
/// CS231n notes, "Model ensembles". For any nets and labels the ensemble's cross-entropy is at most the mean of theirs, for -log is convex (Jensen). It is a
/// function as compiled ones are, of the input "x", so whatever takes a compiled prediction takes it, with <see cref="ModelState.Empty"/>.
/// </remarks>
/// <example><code>
/// using var ensemble = Ensemble.Independent(program, seeds: [1, 2, 3], (state, seed) =>
///     new Trainer(program.Step, program.Evaluate, options).Train(state, new Batches(train, 128, seed: seed)));
/// Evaluation better = ensemble.Evaluate(new Batches(test, 500));
/// </code></example>
public sealed class Ensemble : IFunction, IDisposable
{
    readonly ImmutableArray<(IFunction Predict, ModelState State)> _members;
    readonly Lock _gate = new();
    (CompiledFunction Vote, CompiledFunction Judge)? _functions;

    /// <summary>Joins nets, each with the compiled prediction of its scores, [N, classes] from "x"; their states belong to it from now on.</summary>
    /// <exception cref="ArgumentException">There is no net.</exception>
    public Ensemble(IEnumerable<(IFunction Predict, ModelState State)> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        _members = [.. members];
        if (_members.IsEmpty)
            throw new ArgumentException("ensemble: it must have a net; got none. Train one.", nameof(members));
    }

    /// <summary>Joins states of one model; they belong to it from now on.</summary>
    /// <example><code>using var ensemble = new Ensemble(program.Predict, snapshots.States);</code></example>
    /// <exception cref="ArgumentException">There is no state.</exception>
    public Ensemble(IFunction predict, IEnumerable<ModelState> states)
        : this(states.Select(state => (predict, state))) { }

    /// <summary>Gives the nets' states, in their order.</summary>
    public ImmutableArray<ModelState> States => [.. _members.Select(m => m.State)];

    /// <inheritdoc/>
    public IReadOnlyList<Named> Inputs => _members[0].Predict.Inputs;

    /// <summary>Trains one model from several seeds: the same net, other first weights, and what else the caller draws from the seed.</summary>
    /// <param name="program">The compiled model.</param>
    /// <param name="seeds">A seed for each net.</param>
    /// <param name="train">Trains the state that was drawn from the seed, in place.</param>
    public static Ensemble Independent(TrainingProgram program, IEnumerable<ulong> seeds, Action<ModelState, ulong> train)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(train);
        var states = new List<ModelState>();
        foreach (ulong seed in seeds)
        {
            states.Add(program.Initialise(seed));
            train(states[^1], seed);
        }
        return new(program.Predict, states);
    }

    /// <summary>Gives the mean of the nets' probabilities, [N, classes].</summary>
    /// <exception cref="BindingException">The examples do not fit a net, or the nets do not have the same classes.</exception>
    public Tensor Predict(Tensor x) => Call(ModelState.Empty, new Binding("x", x))[0];

    /// <summary>Gives the mean of the nets' probabilities for the input "x"; the state is not read, each net has its own.</summary>
    public IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs) => OfScores(inputs, [], f => f.Vote);

    /// <summary>Judges the ensemble: the cross-entropy of its mean probabilities, and its accuracy, over images.</summary>
    public Evaluation Evaluate(Batches data, CancellationToken cancellation = default) =>
        Evaluation.Of(new Judge(this), ModelState.Empty, data, cancellation);

    /// <inheritdoc/>
    public NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs) =>
        _members.Select(m => m.Predict.FirstNonFinite(m.State, inputs)).FirstOrDefault(report => report is not null);

    /// <summary>Disposes the nets' states.</summary>
    public void Dispose()
    {
        foreach (var (_, state) in _members)
            state.Dispose();
    }

    /// <summary>Computes the scores of every net, and what a function makes of them and other inputs.</summary>
    IReadOnlyList<Tensor> OfScores(
        Binding[] inputs,
        Binding[] others,
        Func<(CompiledFunction Vote, CompiledFunction Judge), CompiledFunction> which
    )
    {
        var scores = new List<Binding>();
        try
        {
            foreach (var (predict, state) in _members)
                scores.Add(new(Name(scores.Count), predict.Call(state, inputs)[0]));
            (CompiledFunction, CompiledFunction) functions;
            lock (_gate)
                functions = _functions ??= Compile(scores[0].Value.Type);
            return which(functions).Call([.. scores, .. others]);
        }
        finally
        {
            foreach (var (_, tensor) in scores)
                tensor.Dispose();
        }
    }

    (CompiledFunction Vote, CompiledFunction Judge) Compile(TensorType type)
    {
        Expr[] scores = [.. _members.Select((_, i) => Expr.Input(Name(i), type.Shape.With(0, "N"), type.DType))];
        var labels = Expr.Input("labels", ["N"], DType.I32);
        var probabilities = scores.Select(s => s.Softmax()).Aggregate((a, b) => a + b) / scores.Length;
        // log of a mean of exponentials, with the largest taken out: the probability of a label may underflow, its logarithm must not
        Expr[] logarithms = [.. scores.Select(s => s.LogSoftmax().Pick(labels))];
        var largest = logarithms.Aggregate((a, b) => a.Maximum(b));
        var mean = logarithms.Select(l => (l - largest).Exp()).Aggregate((a, b) => a + b) / scores.Length;
        return (
            Cv.Compiler.Compile.Function(probabilities),
            Cv.Compiler.Compile.Function(-(largest + mean.Log()).Mean(), probabilities.Accuracy(labels))
        );
    }

    static string Name(int member) => $"scores{member}";

    /// <summary>Is the function of loss and accuracy.</summary>
    sealed class Judge(Ensemble ensemble) : IFunction
    {
        public IReadOnlyList<Metric> Metrics { get; } = [Metric.Accuracy];

        public IReadOnlyList<Named> Inputs => ensemble.Inputs;

        public IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs) =>
            ensemble.OfScores(
                [.. inputs.Where(input => input.Name != Training.Labels)],
                [.. inputs.Where(input => input.Name == Training.Labels)],
                f => f.Judge
            );

        public NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs) => ensemble.FirstNonFinite(state, inputs);
    }
}
