using System.Collections.Immutable;
using System.Diagnostics;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Runs a plan: compiled kernels in order, each with its table of addresses. Calls allocate nothing.</summary>
sealed class Executable
{
    const double WorkWorthThreads = 20_000;

    readonly Workers _workers;
    readonly Kernel[] _kernels;
    readonly long[][] _slots;
    readonly long[] _units;
    readonly bool[] _threaded;
    readonly Tensor _arena;
    readonly Tensor[] _constants;
    readonly (string Name, Named Leaf, (int Kernel, int Slot)[] Uses)[] _inputs;
    readonly (string Name, Named Leaf, (int Kernel, int Slot)[] Uses)[] _leaves;
    readonly Tensor[] _stateTensors;
    ModelState? _state;

    public Executable(Plan plan, ImmutableArray<Expr> outputs, int threads)
    {
        _workers = Workers.Of(threads);
        _arena = Tensor.Zeros([checked((int)(plan.ArenaBytes / 4 + 64))]);
        Outputs = [.. outputs.Select(o => Tensor.Zeros(o.Shape, o.DType))];
        int count = plan.Kernels.Length;
        (_kernels, _slots, _units, _threaded) = (new Kernel[count], new long[count][], new long[count], new bool[count]);
        var trees = new Kernel[count];
        Parallel.For(0, count, i => trees[i] = plan.Kernels[i].Ready ?? plan.Kernels[i].Tree!.Compile());
        var constants = new List<Tensor>();
        var uses = new Dictionary<Named, List<(int, int)>>();
        for (int i = 0; i < count; i++)
        {
            var code = plan.Kernels[i];
            _kernels[i] = trees[i];
            _units[i] = code.Units;
            _threaded[i] = IsThreaded(code);
            _slots[i] = new long[code.Slots.Length];
            for (int s = 0; s < code.Slots.Length; s++)
                _slots[i][s] = code.Slots[s] is Slot.Number n ? n.Value : Address(plan[code.Slots[s]], i, s);
        }
        _constants = [.. constants];
        _inputs = [.. uses.Where(u => u.Key is Input).Select(u => (u.Key.Id, u.Key, u.Value.ToArray()))];
        _stateTensors = new Tensor[uses.Count(u => u.Key is not Input)];
        _leaves = [.. uses.Where(u => u.Key is not Input).Select(u => (u.Key.Id, u.Key, u.Value.ToArray()))];

        long Address(Place place, int kernel, int slot)
        {
            switch (place)
            {
                case Place.Arena a:
                    return _arena.Address + a.Offset;
                case Place.Output o:
                    return Outputs[o.Index].Address;
                case Place.Constant c:
                    constants.Add(Tensor.From(c.Of.Type.Shape, c.Of.Values.ToArray()).Cast(c.Of.Type.DType));
                    return constants[^1].Address;
                case Place.Leaf l:
                    if (!uses.TryGetValue(l.Of, out var list))
                        uses[l.Of] = list = [];
                    list.Add((kernel, slot));
                    return 0;
                default:
                    throw new InvalidOperationException($"plan: no address for {place}.");
            }
        }
    }

    /// <summary>Gives the tensors that calls write their results to.</summary>
    public ImmutableArray<Tensor> Outputs { get; }

    /// <summary>Tells whether a kernel's work is worth more than one thread.</summary>
    public static bool IsThreaded(KernelCode kernel) => kernel.Work >= WorkWorthThreads && kernel.Units > 1;

    /// <summary>Runs every kernel. Marks, one more than there are kernels, take the timestamps before the first and after each.</summary>
    public void Run(ModelState state, Call call, Span<long> marks = default)
    {
        if (state != _state)
        {
            for (int i = 0; i < _leaves.Length; i++)
                _stateTensors[i] = Interpreter.StateOf(state, _leaves[i].Leaf);
            _state = state;
        }
        // asked anew at each call: a tensor that was disposed since refuses to give its address
        for (int i = 0; i < _leaves.Length; i++)
            Patch(_leaves[i].Uses, _stateTensors[i].Address);
        foreach (var (name, _, at) in _inputs)
            Patch(at, Apart(call, name).Address);
        if (!marks.IsEmpty)
            marks[0] = Stopwatch.GetTimestamp();
        for (int i = 0; i < _kernels.Length; i++)
        {
            if (_threaded[i])
                _workers.Run(_kernels[i], _slots[i], _units[i]);
            else
                _kernels[i](_slots[i], 0, _units[i], 0);
            if (!marks.IsEmpty)
                marks[i + 1] = Stopwatch.GetTimestamp();
        }
        GC.KeepAlive(call);
        GC.KeepAlive(_constants);
        GC.KeepAlive(_arena);
    }

    /// <summary>Gives an input's tensor, or a copy where the call would overwrite it: an output of the last call, or a part of the state.</summary>
    Tensor Apart(Call call, string name)
    {
        var value = call[name];
        bool written = false;
        foreach (var output in Outputs)
            written |= output.Address == value.Address;
        foreach (var tensor in _stateTensors)
            written |= tensor.Address == value.Address;
        return written ? call.Replace(name, value.Clone()) : value;
    }

    void Patch((int Kernel, int Slot)[] uses, long address)
    {
        foreach (var (kernel, slot) in uses)
            _slots[kernel][slot] = address;
    }
}
