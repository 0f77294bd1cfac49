using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Is what a diagnosis examines: a model with its loss, compiled as it would be trained, and examples of its data.</summary>
sealed class Patient : IDisposable
{
    /// <summary>Names the input that holds the rate, so that one compiled step serves every rate.</summary>
    const string RateInput = "diagnosis/rate";

    readonly Batches _batches;
    readonly Func<Expr, Expr, Expr> _loss;
    readonly Tensor _rate = Tensor.Zeros(Shape.Scalar);
    readonly Dictionary<int, Batch> _examples = [];
    TrainingProgram? _program;

    public Patient(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(batches);
        (Model, _batches, Options) = (model, batches, (options ?? new()).Checked());
        // one loss, however often it is computed: layers in it are the same
        var shared = Layer.Of(((Expr Scores, Expr Labels) of) => loss(of.Scores, of.Labels));
        _loss = (scores, labels) => shared.Apply((scores, labels));
        Labels = Expr.Input(Training.Labels, new Shape(model.Output.Shape.Dims[..^1]), DType.I32);
        Data = _loss(model.Output, Labels);
        Penalty =
            Options.Penalty is { } penalty && model.Weights.Length > 0 ? model.Weights.Select(penalty).Aggregate((a, b) => a + b) : null;
    }

    public Model Model { get; }
    public DiagnosisOptions Options { get; }
    public Expr Labels { get; }

    /// <summary>Gives the loss of the data alone, from the model's scores and <see cref="Labels"/>.</summary>
    public Expr Data { get; }

    /// <summary>Gives the penalty of all weights, if there is one.</summary>
    public Expr? Penalty { get; }

    /// <summary>Gives the loss that training lowers.</summary>
    public Expr Total => Penalty is null ? Data : Data + Penalty;

    /// <summary>Gives the program that trains, penalty included.</summary>
    public TrainingProgram Program => _program ??= Compiled(Options.Penalty);

    /// <summary>Counts the batches of an epoch.</summary>
    public int Count => _batches.Count;

    /// <summary>Compiles the training step with a penalty or without; its rate is an input.</summary>
    public TrainingProgram Compiled(Func<Expr, Expr>? penalty) =>
        Training.Compile(
            Model,
            _loss,
            Options.Optimiser(Expr.Input(RateInput, [])),
            penalty,
            Options.Compile,
            metrics: Options.Metric is { } metric ? [metric] : []
        );

    /// <summary>Gives the loss of any scores, in the same way.</summary>
    public Expr LossOf(Expr scores) => _loss(scores, Labels);

    /// <summary>Tells whether the optimiser takes the rate it was given.</summary>
    public bool TakesRate => Program.Step.Inputs.Any(i => i.Id == RateInput);

    public ModelState Initialise() => Program.Initialise(Options.Seed);

    /// <summary>Gives the batch that the step after so many is taken on, as the trainer would.</summary>
    public Batch BatchOf(int steps) => _batches.Get(1 + steps / Count, steps % Count);

    /// <summary>Takes a step at a rate; gives the loss from before it, and the metric of the options, or 1 where there is none.</summary>
    public (double Loss, double Metric) Step(TrainingProgram program, ModelState state, Batch batch, double rate)
    {
        _rate.AsSpan<float>()[0] = (float)rate;
        return Figures(program.Step.Call(state, TakesRate ? [.. batch.Inputs(), new(RateInput, _rate)] : batch.Inputs()));
    }

    /// <summary>Reads what a step or an evaluator gives.</summary>
    public static (double Loss, double Metric) Figures(IReadOnlyList<Tensor> results) =>
        results.Scalars() is var figures && figures.Length == 1 ? (figures[0], 1) : (figures[0], figures[1]);

    /// <summary>Copies the first examples of the first epoch, or all if they are fewer.</summary>
    public Batch Examples(int count)
    {
        if (_examples.TryGetValue(count, out var known))
            return known;
        var parts = new List<(Tensor X, Tensor Labels)>();
        int found = 0;
        for (int i = 0; i < Count && found < count; i++)
        {
            var batch = _batches.Get(1, i);
            int taken = Math.Min(batch.Count, count - found);
            using Tensor x = batch.X.First(taken),
                labels = batch.Labels.First(taken);
            parts.Add((x.Clone(), labels.Clone()));
            found += taken;
        }
        var all = new Batch(
            Tensor.From(parts[0].X.Shape.With(0, found), [.. parts.SelectMany(p => p.X.ToArray<float>())]),
            Tensor.From([.. parts.SelectMany(p => p.Labels.ToArray<int>())])
        );
        foreach (var (x, labels) in parts)
        {
            x.Dispose();
            labels.Dispose();
        }
        return _examples[count] = all;
    }

    /// <summary>Binds the symbol of the batch, if it is one, to a batch's count.</summary>
    public IReadOnlyDictionary<string, int> Sized(Batch batch) =>
        Model.Source.Shape[0].Symbol is { } symbol ? new Dictionary<string, int> { [symbol] = batch.Count } : new Dictionary<string, int>();

    /// <summary>Compiles nodes as they are in a training step, without its updates.</summary>
    public CompiledFunction InTraining(params Expr[] outputs) =>
        Compile.Function(new Graph(new Graph(outputs).ForTraining().Outputs), Options.Compile);

    /// <summary>Binds a batch to what a function reads of it: a penalty alone reads nothing.</summary>
    public static Binding[] Bind(CompiledFunction function, Batch batch) =>
        [.. batch.Inputs().Where(b => function.Inputs.Any(i => i.Id == b.Name))];

    /// <summary>Runs a function on a batch and gives its scalars.</summary>
    public static ImmutableArray<double> Scalars(CompiledFunction function, ModelState state, Batch batch) =>
        [.. function.Call(state, Bind(function, batch)).Scalars()];

    public void Dispose()
    {
        _rate.Dispose();
        foreach (var batch in _examples.Values)
        {
            batch.X.Dispose();
            batch.Labels.Dispose();
        }
    }
}
