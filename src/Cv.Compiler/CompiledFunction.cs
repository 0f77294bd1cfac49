using System.Diagnostics;
using System.Text;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Runs a graph as compiled kernels. The first call with new extents compiles for them; later ones find the code again, unless too many
/// others came between (<see cref="CompileOptions.CachedShapes"/>). One call runs at a time; others wait. A call allocates nothing, but for
/// what it must copy: labels that come as floats, and inputs that it is about to overwrite.
/// </summary>
public sealed class CompiledFunction : IFunction
{
    readonly Lock _gate = new();
    readonly Graph _graph;
    readonly CompileOptions _options;
    readonly Signature _signature;
    readonly Call _call;

    /// <summary>Holds the code for the extents met, that of the last call first.</summary>
    readonly List<(int[] Extents, Executable Code)> _compiled = [];

    internal CompiledFunction(Graph graph, CompileOptions options, IReadOnlyList<Metric>? metrics = null)
    {
        metrics ??= [];
        if (metrics.Count > 0 && graph.Outputs.Length != 1 + metrics.Count)
            throw new GraphException(
                $"compile: there must be a metric's name for each output after the first; got {metrics.Count} for {graph.Outputs.Length} outputs. Name each, or none."
            );
        Metrics = [.. metrics];
        _graph = graph.ForInference();
        _options = options.Checked();
        _signature = new(_graph);
        _call = new(_signature);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Named> Inputs => _signature.Inputs;

    /// <inheritdoc/>
    public IReadOnlyList<Metric> Metrics { get; }

    /// <summary>Lists the parameters and states that a call reads or updates: what <see cref="ModelState.Initialise"/> needs.</summary>
    public IReadOnlyList<Expr> Leaves => [.. _signature.Leaves.Select(l => Expr.Of(l))];

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_gate)
        {
            try
            {
                _signature.Bind(_call, inputs);
                var code = CodeFor(_call);
                code.Run(state, _call);
                return code.Outputs;
            }
            finally
            {
                _call.Clear(); // holds no tensor of the caller's between calls
            }
        }
    }

    /// <summary>Runs a function that has neither parameters nor state.</summary>
    /// <inheritdoc cref="Call(ModelState, Binding[])"/>
    public IReadOnlyList<Tensor> Call(params Binding[] inputs) => Call(ModelState.Empty, inputs);

    /// <inheritdoc/>
    public NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs) => Interpreter.FirstNonFinite(_graph, state, inputs);

    /// <summary>
    /// Prints every stage for given extents: the graph after each pass with its time, the schedule, the plan with its peak bytes, and each
    /// kernel's expression tree as C#.
    /// </summary>
    /// <example><code>Console.WriteLine(function.Explain(("N", 128)));</code></example>
    public string Explain(params (string Symbol, int Value)[] symbols)
    {
        var log = new StringBuilder();
        Lowering.Plan(_graph, symbols.ToDictionary(s => s.Symbol, s => s.Value), _options, log);
        return log.ToString();
    }

    /// <summary>Counts the kernels and the bytes of the arena for given extents.</summary>
    public (int Kernels, long PeakBytes) Measure(params (string Symbol, int Value)[] symbols)
    {
        var plan = Lowering.Plan(_graph, symbols.ToDictionary(s => s.Symbol, s => s.Value), _options, null).Plan;
        return (plan.Kernels.Length, plan.ArenaBytes);
    }

    /// <summary>Times each kernel where it stands, between those before and after it, over so many calls after a few that do not count.</summary>
    internal IReadOnlyList<KernelTimes> TimeKernels(int calls, int warmUp, ModelState state, params Binding[] inputs)
    {
        lock (_gate)
        {
            var call = _signature.Bind(inputs);
            var (plan, outputs) = Lowering.Plan(_graph, call.Binding(), _options, null);
            var code = new Executable(plan, outputs, _signature, _options.Threads);
            for (int i = 0; i < warmUp; i++)
                code.Run(state, call);
            var times = plan
                .Kernels.Select(k => new KernelTimes(
                    k.Name,
                    k.Units,
                    Executable.IsThreaded(k) ? _options.Threads : 1,
                    k.Slots.Sum(Plan.BytesOf),
                    new double[calls]
                ))
                .ToList();
            var marks = new long[plan.Kernels.Length + 1];
            for (int i = 0; i < calls; i++)
            {
                code.Run(state, call, marks);
                for (int k = 0; k < times.Count; k++)
                    times[k].Microseconds[i] = Stopwatch.GetElapsedTime(marks[k], marks[k + 1]).TotalMicroseconds;
            }
            return times;
        }
    }

    Executable CodeFor(Call call)
    {
        for (int i = 0; i < _compiled.Count; i++)
        {
            if (!call.Extents.SequenceEqual(_compiled[i].Extents))
                continue;
            var known = _compiled[i];
            if (i > 0)
            {
                _compiled.RemoveAt(i);
                _compiled.Insert(0, known);
            }
            return known.Code;
        }
        var (plan, outputs) = Lowering.Plan(_graph, call.Binding(), _options, null);
        var fresh = new Executable(plan, outputs, _signature, _options.Threads);
        if (_compiled.Count == _options.CachedShapes)
            _compiled.RemoveAt(_compiled.Count - 1); // the least recently used
        _compiled.Insert(0, (call.Extents.ToArray(), fresh));
        return fresh;
    }
}
