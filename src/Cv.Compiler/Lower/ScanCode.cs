using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Runs the steps of a scan: the kernels of the body in their order, again and again, each with its table of addresses. From step to step only the addresses of the
/// sequences' elements and of the outputs change. Calls that run at once have tables of their own. Allocates nothing, but when it first runs: then the kernels are
/// compiled.
/// </summary>
sealed unsafe class ScanCode
{
    readonly Scan _scan;
    readonly Plan _plan;
    readonly Workers _workers;
    readonly int _length;
    readonly long[][] _slots;
    readonly bool[] _threaded;
    readonly Tensor[] _constants;
    readonly (int Kernel, int Slot, long Offset)[] _arena;
    readonly (int Kernel, int Slot)[][] _arguments;
    readonly (int Kernel, int Slot)[][] _outputs;
    readonly long[] _bytes;
    readonly Idle<long[][]> _idle = new();
    Kernel[]? _kernels;

    public ScanCode(Scan scan, Plan plan, int threads)
    {
        (_scan, _plan, _workers, _length) = (scan, plan, Workers.Of(threads), scan.Length.Value);
        int count = plan.Kernels.Length;
        (_slots, _threaded) = (new long[count][], new bool[count]);
        var constants = new List<Tensor>();
        var arena = new List<(int, int, long)>();
        var arguments = scan.Body.Arguments.Select(_ => new List<(int, int)>()).ToArray();
        var outputs = scan.Body.Results.Skip(scan.States).Select(_ => new List<(int, int)>()).ToArray();
        for (int k = 0; k < count; k++)
        {
            var code = plan.Kernels[k];
            _threaded[k] = Executable.IsThreaded(code);
            _slots[k] = new long[code.Slots.Length];
            for (int s = 0; s < code.Slots.Length; s++)
                if (code.Slots[s] is Slot.Number number)
                    _slots[k][s] = number.Value;
                else
                    Place(plan[code.Slots[s]], k, s);
        }
        (_constants, _arena) = ([.. constants], [.. arena]);
        _arguments = [.. arguments.Select(a => a.ToArray())];
        _outputs = [.. outputs.Select(o => o.ToArray())];
        _bytes = [.. scan.Body.Arguments.Concat(scan.Body.Results.Skip(scan.States)).Select(e => ScanEmitter.Bytes(e.Type))];

        void Place(Place place, int kernel, int slot)
        {
            switch (place)
            {
                case Place.Arena a:
                    arena.Add((kernel, slot, a.Offset));
                    break;
                case Place.Output o:
                    outputs[o.Index].Add((kernel, slot));
                    break;
                case Place.Constant c:
                    constants.Add(Tensor.From(c.Of.Type.Shape, c.Of.Values.ToArray()).Cast(c.Of.Type.DType));
                    _slots[kernel][slot] = constants[^1].Address;
                    break;
                case Place.Leaf l:
                    arguments[scan.Body.Arguments.IndexOf(Expr.Of(l.Of))].Add((kernel, slot));
                    break;
                default:
                    throw new InvalidOperationException($"scan: no address for {place}.");
            }
        }
    }

    /// <summary>Runs all steps. The slots are the operands, the results, and the body's arena.</summary>
    public void Run(long[] slots, long from, long to, long worker)
    {
        var kernels = _kernels ??= KernelCache.Compile(_plan.Kernels);
        int operands = _arguments.Length,
            leading = _scan.States + _scan.Sequences,
            results = operands + _scan.States;
        long[][] tables = _idle.Take() ?? [.. _slots.Select(s => (long[])s.Clone())];
        foreach (var (kernel, slot, offset) in _arena)
            tables[kernel][slot] = slots[^1] + offset;
        for (int i = 0; i < _scan.States; i++)
        {
            // a state lives where its last value is wanted
            if (slots[operands + i] != slots[i])
                Buffer.MemoryCopy((void*)slots[i], (void*)slots[operands + i], _bytes[i], _bytes[i]);
            Patch(tables, _arguments[i], slots[operands + i]);
        }
        for (int i = leading; i < operands; i++)
            Patch(tables, _arguments[i], slots[i]);
        for (int step = 0; step < _length; step++)
        {
            long at = _scan.Reverse ? _length - 1 - step : step;
            for (int i = _scan.States; i < leading; i++)
                Patch(tables, _arguments[i], slots[i] + at * _bytes[i]);
            for (int i = 0; i < _outputs.Length; i++)
                Patch(tables, _outputs[i], slots[results + i] + at * _bytes[operands + i]);
            for (int k = 0; k < kernels.Length; k++)
                if (_threaded[k])
                    _workers.Run(kernels[k], tables[k], _plan.Kernels[k].Units);
                else
                    kernels[k](tables[k], 0, _plan.Kernels[k].Units, 0);
        }
        _idle.Give(tables);
        GC.KeepAlive(_constants);
    }

    static void Patch(long[][] tables, (int Kernel, int Slot)[] uses, long address)
    {
        foreach (var (kernel, slot) in uses)
            tables[kernel][slot] = address;
    }
}
