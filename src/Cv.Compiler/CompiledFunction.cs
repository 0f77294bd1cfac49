using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Runs a graph as compiled kernels. The first call with new extents compiles for them; later ones find the code again, unless too many
/// others came between (<see cref="CompileOptions.CachedShapes"/>).
/// </summary>
/// <remarks>
/// For any number of threads: calls run beside each other, each in memory of its own. Those that change a state run one after the other, in the order in which they
/// came, and apart from those that read it. An op that an author wrote may call functions, this one too, with states that the call around it only reads. See
/// docs/SEMANTICS.md, "Calls".
/// </remarks>
public sealed class CompiledFunction : IFunction
{
    readonly Graph _graph;
    readonly CompileOptions _options;
    readonly Signature _signature;
    readonly CodeCache _code;
    readonly Idle<Call> _calls = new();

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
        _code = new(_graph, _signature, _options);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Named> Inputs => _signature.Inputs;

    /// <inheritdoc/>
    public IReadOnlyList<Metric> Metrics { get; }

    /// <summary>Lists the parameters and states that a call reads or updates: what <see cref="ModelState.Initialise"/> needs.</summary>
    public IReadOnlyList<Expr> Leaves => [.. _signature.Leaves.Select(l => Expr.Of(l))];

    /// <summary>Gives the types of the results, with the symbols that a call binds.</summary>
    public ImmutableArray<TensorType> Outputs => [.. _graph.Outputs.Select(o => o.Type)];

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs) => Run(state, null, inputs);

    /// <summary>Runs a function that has neither parameters nor state.</summary>
    /// <inheritdoc cref="Call(ModelState, Binding[])"/>
    public IReadOnlyList<Tensor> Call(params Binding[] inputs) => Call(ModelState.Empty, inputs);

    /// <inheritdoc/>
    public void CallInto(ModelState state, Tensor[] results, params Binding[] inputs)
    {
        ArgumentNullException.ThrowIfNull(results);
        Run(state, results, inputs);
    }

    /// <summary>Runs a function that has neither parameters nor state.</summary>
    /// <inheritdoc cref="CallInto(ModelState, Tensor[], Binding[])"/>
    public void CallInto(Tensor[] results, params Binding[] inputs) => CallInto(ModelState.Empty, results, inputs);

    /// <inheritdoc/>
    public NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs) => Interpreter.FirstNonFinite(_graph, state, inputs);

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() =>
        _options.FastMath ? ["with the laws of fast math", .. GraphDescription.Of(_graph)] : GraphDescription.Of(_graph);

    /// <summary>
    /// Gives the function for batches of any size, through few sets of extents: a batch is cut into pieces of <paramref name="size"/> and what is left into powers of
    /// two, so that code is made for at most log2(size) + 2 sizes. The results are those of one call with the whole batch.
    /// </summary>
    /// <param name="size">The examples in a piece, 1 or more.</param>
    /// <returns>A function of the same inputs and results.</returns>
    /// <remarks>
    /// The function must change no state and compute each example apart from the others, which is proved from its graph: the batch is one symbol, the first dim of
    /// each result. A prediction is such a function; a mean loss is none.
    /// </remarks>
    /// <example><code>
    /// var predict = program.Predict.InBatches(64);
    /// var scores = predict.Call(state, new Binding("x", images))[0];   // any number of images
    /// </code></example>
    /// <exception cref="GraphException">The function updates a state, or an op mixes examples or is not known not to; the message names it.</exception>
    public IFunction InBatches(int size) => new BatchedFunction(this, _graph, size);

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
        var call = new Call(_signature);
        try
        {
            _signature.Bind(call, inputs);
            var (plan, outputs) = Lowering.Plan(_graph, call.Binding(), _options, null);
            var code = new Executable(plan, outputs, _signature, _options.Threads);
            var leaves = code.LeavesOf(state);
            Tensor[] results = [.. code.Outputs.Select(o => Tensor.Uninitialised(o.Shape, o.DType))];
            call.Begin([], leaves);
            var execution = new Execution(code);
            for (int i = 0; i < warmUp; i++)
                execution.Run(call, leaves, results);
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
                execution.Run(call, leaves, results, marks);
                for (int k = 0; k < times.Count; k++)
                    times[k].Microseconds[i] = Stopwatch.GetElapsedTime(marks[k], marks[k + 1]).TotalMicroseconds;
            }
            return times;
        }
        finally
        {
            call.Clear();
        }
    }

    /// <summary>Checks the inputs, and claims them and the state, as a call does; the caller clears what it gets.</summary>
    internal Call Open(ModelState state, Binding[] inputs)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(inputs);
        var call = new Call(_signature);
        try
        {
            _signature.Bind(call, inputs);
            call.Begin([], new Leaves(state, [.. _signature.Leaves.Select(l => (l, false))]));
            return call;
        }
        catch
        {
            call.Clear();
            throw;
        }
    }

    /// <summary>Runs the code for the inputs' extents; into the tensors given, or fresh ones.</summary>
    Tensor[] Run(ModelState state, Tensor[]? into, Binding[] inputs)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(inputs);
        var call = _calls.Take() ?? new(_signature);
        Tensor[]? fresh = null;
        bool isDone = false;
        try
        {
            _signature.Bind(call, inputs);
            var code = _code.Get(call);
            if (into is not null)
                CheckResults(into, code.Outputs);
            var leaves = code.LeavesOf(state);
            call.Begin(into, leaves);
            code.Run(call, leaves, into ?? (fresh = Fresh(code.Outputs)));
            isDone = true;
            return into ?? fresh!;
        }
        finally
        {
            call.Clear();
            _calls.Give(call);
            if (!isDone && fresh is not null)
                foreach (var tensor in fresh)
                    tensor.Dispose();
        }
    }

    static Tensor[] Fresh(ImmutableArray<TensorType> types)
    {
        var fresh = new Tensor[types.Length];
        for (int i = 0; i < fresh.Length; i++)
            fresh[i] = Tensor.Uninitialised(types[i].Shape, types[i].DType);
        return fresh;
    }

    static void CheckResults(Tensor[] results, ImmutableArray<TensorType> types)
    {
        if (results.Length != types.Length)
            throw new BindingException(
                $"call: there must be a tensor for each result; got {results.Length} for {types.Length}. Make them of the types of Outputs."
            );
        for (int i = 0; i < types.Length; i++)
            if (results[i]?.Type != types[i])
                throw new BindingException(
                    $"call: the tensor for result {i} must be {types[i]}; got {results[i]?.Type.ToString() ?? "null"}. Make one: Tensor.Zeros(shape, dtype)."
                );
    }
}
