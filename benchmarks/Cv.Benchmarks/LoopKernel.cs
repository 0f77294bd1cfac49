using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Benchmarks;

/// <summary>Holds the one kernel that a graph of one input and one result compiles to, with memory for both, ready to run.</summary>
sealed class LoopKernel
{
    readonly Workers _workers;
    readonly Kernel _kernel;
    readonly long[] _slots;
    readonly long _units;

    public LoopKernel(Func<Expr, Expr> graph, int elements, CompileOptions options)
    {
        var x = Expr.Input("x", [elements]);
        var y = graph(x);
        var (plan, _) = Lowering.Plan(new Graph(y), new Dictionary<string, int>(), options, null);
        if (plan.Kernels is not [{ Tree: { } tree } code])
            throw new InvalidOperationException($"benchmark: expected one loop, got {plan.Kernels.Length} kernels.");
        (From, To) = (Tensor.Zeros([elements]), Tensor.Zeros([elements]));
        var random = new Random(1);
        var values = From.AsSpan<float>();
        foreach (ref float value in values)
            value = random.NextSingle() * 8 - 4;
        _workers = Workers.Of(options.Threads);
        _kernel = tree.Compile();
        _slots = [.. code.Slots.Select(s => s is Slot.Node { Source.Op: Input } ? From.Address : To.Address)];
        _units = code.Units;
        Run();
    }

    /// <summary>Gives the input: random numbers from -4 to 4.</summary>
    public Tensor From { get; }

    /// <summary>Gives where the result goes.</summary>
    public Tensor To { get; }

    public void Run() => _workers.Run(_kernel, _slots, _units);
}
