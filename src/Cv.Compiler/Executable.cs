using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Holds the code for one set of extents: compiled kernels in order, and where each of their addresses comes from. It never changes, so any number of calls may
/// run it at once, each in an <see cref="Execution"/> of its own.
/// </summary>
sealed class Executable
{
    const double WorkWorthThreads = 20_000;

    readonly long[][] _slots;
    readonly Tensor[] _constants;
    readonly ImmutableArray<(Named Leaf, bool IsWritten)> _leaves;
    readonly ConditionalWeakTable<ModelState, Leaves> _leavesOf = [];
    readonly Idle<Execution> _idle = new();

    public Executable(Plan plan, ImmutableArray<Expr> outputs, Signature signature, int threads)
    {
        MemoryLimit.Check(plan, outputs);
        Workers = Workers.Of(threads);
        ArenaBytes = plan.ArenaBytes;
        Outputs = [.. outputs.Select(o => o.Type)];
        int count = plan.Kernels.Length;
        (Kernels, _slots) = (KernelCache.Compile(plan.Kernels), new long[count][]);
        Units = [.. plan.Kernels.Select(k => k.Units)];
        Threaded = [.. plan.Kernels.Select(IsThreaded)];
        var constants = new List<Tensor>();
        var places = new List<(Place Place, int Kernel, int Slot, bool IsWritten)>();
        for (int k = 0; k < count; k++)
        {
            var code = plan.Kernels[k];
            _slots[k] = new long[code.Slots.Length];
            for (int s = 0; s < code.Slots.Length; s++)
                if (code.Slots[s] is Slot.Number number)
                    _slots[k][s] = number.Value;
                else if (plan[code.Slots[s]] is Place.Constant constant)
                    _slots[k][s] = Constant(constant, constants);
                else
                    places.Add((plan[code.Slots[s]], k, s, code.Writes.Contains(code.Slots[s])));
        }
        _constants = [.. constants];
        InArena = [.. places.Where(p => p.Place is Place.Arena).Select(p => (p.Kernel, p.Slot, ((Place.Arena)p.Place).Offset))];
        OfOutputs =
        [
            .. Enumerable.Range(0, Outputs.Length).Select(i => Uses(places.Where(p => p.Place is Place.Output o && o.Index == i))),
        ];
        var named = places.Where(p => p.Place is Place.Leaf).GroupBy(p => ((Place.Leaf)p.Place).Of).ToList();
        OfInputs = [.. named.Where(g => g.Key is Input).Select(g => (signature.NumberOf(g.Key.Id), Uses(g)))];
        // what is written comes first, so that what shares its memory is found when it is claimed
        var leaves = named.Where(g => g.Key is not Input).OrderByDescending(g => g.Any(p => p.IsWritten)).ToList();
        _leaves = [.. leaves.Select(g => (g.Key, g.Any(p => p.IsWritten)))];
        OfLeaves = [.. leaves.Select(Uses)];
    }

    public Workers Workers { get; }

    public Kernel[] Kernels { get; }

    public long[] Units { get; }

    public bool[] Threaded { get; }

    public long ArenaBytes { get; }

    /// <summary>Gives the types of the results.</summary>
    public ImmutableArray<TensorType> Outputs { get; }

    /// <summary>Lists the addresses in the arena.</summary>
    public (int Kernel, int Slot, long Offset)[] InArena { get; }

    /// <summary>Lists, for each output, where its address stands.</summary>
    public (int Kernel, int Slot)[][] OfOutputs { get; }

    /// <summary>Lists, for each input that is read, where its address stands.</summary>
    public (int Input, (int Kernel, int Slot)[] Uses)[] OfInputs { get; }

    /// <summary>Lists, for each parameter and state that is used, where its address stands.</summary>
    public (int Kernel, int Slot)[][] OfLeaves { get; }

    /// <summary>Tells whether a kernel's work is worth more than one thread.</summary>
    public static bool IsThreaded(KernelCode kernel) => kernel.Work >= WorkWorthThreads && kernel.Units > 1;

    /// <summary>Copies tables of addresses, all of which are known but for those listed here.</summary>
    public long[][] Slots() => [.. _slots.Select(s => (long[])s.Clone())];

    /// <summary>Finds the tensors of the parameters and states in a state.</summary>
    /// <exception cref="BindingException">The state lacks one, or holds one of another type.</exception>
    public Leaves LeavesOf(ModelState state) =>
        _leavesOf.TryGetValue(state, out var known) ? known : _leavesOf.GetValue(state, s => new(s, _leaves));

    /// <summary>Runs the kernels in an idle execution, or a new one.</summary>
    public void Run(Call call, Leaves leaves, ReadOnlySpan<Tensor> results)
    {
        var execution = _idle.Take() ?? new(this);
        execution.Run(call, leaves, results);
        _idle.Give(execution);
        GC.KeepAlive(_constants);
    }

    /// <summary>Gives the memory of idle executions back to the pool: this code is not wanted for now.</summary>
    public void Retire()
    {
        while (_idle.Take() is { } execution)
            execution.Dispose();
    }

    static long Constant(Place.Constant constant, List<Tensor> constants)
    {
        using var wide = Tensor.From(constant.Of.Type.Shape, constant.Of.Values.ToArray());
        constants.Add(wide.Cast(constant.Of.Type.DType));
        return constants[^1].Address;
    }

    static (int Kernel, int Slot)[] Uses(IEnumerable<(Place Place, int Kernel, int Slot, bool IsWritten)> places) =>
        [.. places.Select(p => (p.Kernel, p.Slot))];
}
