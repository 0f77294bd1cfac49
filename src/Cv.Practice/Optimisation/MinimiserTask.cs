using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Is one call of <see cref="Minimiser.Minimise"/>: what it was given, and the iterations so far.</summary>
sealed record MinimiserTask(
    Expr Loss,
    ImmutableArray<Expr> Parameters,
    ModelState State,
    Binding[] Inputs,
    MinimiserOptions Options,
    IProgress<Iteration>? Progress,
    CancellationToken Cancellation
)
{
    readonly ImmutableArray<Iteration>.Builder _path = ImmutableArray.CreateBuilder<Iteration>();
    double _first = double.NaN;

    /// <summary>Counts the times the loss was computed.</summary>
    public int Evaluations { get; set; }

    /// <summary>Gives the number of the next iteration, from 1.</summary>
    public int Next => _path.Count + 1;

    /// <summary>Makes a state of the caller's tensors, shared, and of new leaves: disposing it leaves the caller's alone.</summary>
    public ModelState With(IEnumerable<Expr> leaves)
    {
        var own = ModelState.Initialise(leaves, seed: 0);
        return new([
            .. State.Names.Select(name => KeyValuePair.Create(name, State[name].Reshape(State[name].Shape))),
            .. own.Names.Select(name => KeyValuePair.Create(name, own[name])),
        ]);
    }

    /// <summary>Compiles outputs and updates as one function.</summary>
    public CompiledFunction Compile(ImmutableArray<Expr> outputs, IEnumerable<(Expr Target, Expr Value)> updates) =>
        Cv.Compiler.Compile.Function(new Graph(outputs, [.. updates.Select(u => new Update(u.Target, u.Value))]), Options.Compile);

    /// <summary>Notes the loss before the first iteration.</summary>
    /// <exception cref="TrainingException">It is not finite.</exception>
    public double Begin(double loss, CompiledFunction function, ModelState state, params Binding[] inputs)
    {
        if (double.IsFinite(loss))
            return _first = loss;
        var report = function.FirstNonFinite(state, inputs);
        string node = report is null ? "No single node could be named" : $"The first node not finite is {report}";
        throw new TrainingException(
            FormattableString.Invariant(
                $"minimise: the loss must be finite where it begins; got {loss}. {node}. Draw smaller parameters, or look at the data."
            ),
            0,
            0,
            report
        );
    }

    /// <summary>Notes an iteration.</summary>
    public void Note(double loss, double? gradient, double step, int evaluations)
    {
        var iteration = new Iteration(Next, loss, gradient, step, evaluations);
        _path.Add(iteration);
        Progress?.Report(iteration);
    }

    /// <summary>Tells what was reached.</summary>
    public Minimum End(MinimumReason reason, double loss) => new(reason, _first, loss, _path.ToImmutable(), Evaluations);
}
