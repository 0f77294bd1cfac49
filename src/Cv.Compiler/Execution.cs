using System.Diagnostics;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Is one place to run code in: an arena, and tables of addresses. For one call at a time; it keeps nothing of the caller's between calls.</summary>
sealed class Execution
{
    readonly Executable _code;
    readonly long[][] _slots;
    readonly Tensor _arena;
    readonly long[] _inputs;
    readonly long[] _outputs;
    long _leaves;

    public Execution(Executable code)
    {
        _code = code;
        _slots = code.Slots();
        // f64, so that its elements can count all bytes that a block may have
        _arena = Tensor.Zeros([checked((int)(code.ArenaBytes / sizeof(double)) + 1)], DType.F64);
        _inputs = new long[code.OfInputs.Length];
        _outputs = new long[code.OfOutputs.Length];
        foreach (var (kernel, slot, offset) in code.InArena)
            _slots[kernel][slot] = _arena.Address + offset;
    }

    /// <summary>Runs every kernel. Marks, one more than there are kernels, take the timestamps before the first and after each.</summary>
    /// <param name="call">The inputs; the call has claimed their memory, that of the leaves and that of the results.</param>
    /// <param name="leaves">The parameters and states.</param>
    /// <param name="results">The tensors for the results.</param>
    /// <param name="marks">The timestamps.</param>
    public void Run(Call call, Leaves leaves, ReadOnlySpan<Tensor> results, Span<long> marks = default)
    {
        if (leaves.Number != _leaves)
        {
            for (int i = 0; i < leaves.All.Length; i++)
                Patch(_code.OfLeaves[i], leaves.All[i].Tensor.Place);
            _leaves = leaves.Number;
        }
        for (int i = 0; i < _inputs.Length; i++)
            if (call[_code.OfInputs[i].Input].Place is var now && now != _inputs[i])
                Patch(_code.OfInputs[i].Uses, _inputs[i] = now);
        for (int i = 0; i < _outputs.Length; i++)
            if (results[i].Place is var now && now != _outputs[i])
                Patch(_code.OfOutputs[i], _outputs[i] = now);
        if (!marks.IsEmpty)
            marks[0] = Stopwatch.GetTimestamp();
        for (int i = 0; i < _code.Kernels.Length; i++)
        {
            if (_code.Threaded[i])
                _code.Workers.Run(_code.Kernels[i], _slots[i], _code.Units[i]);
            else
                _code.Kernels[i](_slots[i], 0, _code.Units[i], 0);
            if (!marks.IsEmpty)
                marks[i + 1] = Stopwatch.GetTimestamp();
        }
        GC.KeepAlive(_arena);
    }

    /// <summary>Gives the arena back to the pool.</summary>
    public void Dispose() => _arena.Dispose();

    void Patch((int Kernel, int Slot)[] uses, long address)
    {
        foreach (var (kernel, slot) in uses)
            _slots[kernel][slot] = address;
    }
}
