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
    readonly Tensor[] _outputs;
    readonly (int Input, long[] Address, (int Kernel, int Slot)[] Uses)[] _inputs;
    readonly (Named Leaf, (int Kernel, int Slot)[] Uses)[] _leaves;
    readonly Tensor[] _stateTensors;
    ModelState? _state;

    public Executable(Plan plan, ImmutableArray<Expr> outputs, Signature signature, int threads)
    {
        _workers = Workers.Of(threads);
        _arena = Tensor.Zeros([checked((int)(plan.ArenaBytes / 4 + 64))]);
        _outputs = [.. outputs.Select(o => Tensor.Zeros(o.Shape, o.DType))];
        Outputs = Array.AsReadOnly(_outputs);
        int count = plan.Kernels.Length;
        (_kernels, _slots, _units, _threaded) = (KernelCache.Compile(plan.Kernels), new long[count][], new long[count], new bool[count]);
        var constants = new List<Tensor>();
        var uses = new Dictionary<Named, List<(int, int)>>();
        for (int i = 0; i < count; i++)
        {
            var code = plan.Kernels[i];
            _units[i] = code.Units;
            _threaded[i] = IsThreaded(code);
            _slots[i] = new long[code.Slots.Length];
            for (int s = 0; s < code.Slots.Length; s++)
                _slots[i][s] = code.Slots[s] is Slot.Number n ? n.Value : Address(plan[code.Slots[s]], i, s);
        }
        _constants = [.. constants];
        _inputs = [.. uses.Where(u => u.Key is Input).Select(u => (signature.NumberOf(u.Key.Id), new long[1], u.Value.ToArray()))];
        _leaves = [.. uses.Where(u => u.Key is not Input).Select(u => (u.Key, u.Value.ToArray()))];
        _stateTensors = new Tensor[_leaves.Length];

        long Address(Place place, int kernel, int slot)
        {
            switch (place)
            {
                case Place.Arena a:
                    return _arena.Address + a.Offset;
                case Place.Output o:
                    return _outputs[o.Index].Address;
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
    public IReadOnlyList<Tensor> Outputs { get; }

    /// <summary>Tells whether a kernel's work is worth more than one thread.</summary>
    public static bool IsThreaded(KernelCode kernel) => kernel.Work >= WorkWorthThreads && kernel.Units > 1;

    /// <summary>Runs every kernel. Marks, one more than there are kernels, take the timestamps before the first and after each.</summary>
    public void Run(ModelState state, Call call, Span<long> marks = default)
    {
        if (state != _state)
            Read(state);
        // asked anew at each call: a tensor that was disposed since refuses to give its address
        foreach (var tensor in _stateTensors)
            _ = tensor.Address;
        foreach (var (input, address, uses) in _inputs)
            if (Apart(call, input).Address is var now && now != address[0])
                Patch(uses, address[0] = now);
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

    /// <summary>Finds the tensors of a state that is new to this code.</summary>
    void Read(ModelState state)
    {
        _state = null;
        for (int i = 0; i < _leaves.Length; i++)
        {
            _stateTensors[i] = Interpreter.StateOf(state, _leaves[i].Leaf);
            Patch(_leaves[i].Uses, _stateTensors[i].Address);
        }
        _state = state;
    }

    /// <summary>Gives an input's tensor, or a copy where the call would overwrite it: an output of the last call, or a part of the state.</summary>
    Tensor Apart(Call call, int input)
    {
        var value = call[input];
        bool written = false;
        foreach (var output in _outputs)
            written |= output.Address == value.Address;
        foreach (var tensor in _stateTensors)
            written |= tensor.Address == value.Address;
        if (written)
            call.Set(input, value = value.Clone());
        return value;
    }

    void Patch((int Kernel, int Slot)[] uses, long address)
    {
        foreach (var (kernel, slot) in uses)
            _slots[kernel][slot] = address;
    }
}
