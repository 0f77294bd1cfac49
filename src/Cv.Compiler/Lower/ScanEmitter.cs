using System.Globalization;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Makes the kernel of a scan: lowers its body as a graph of its own, once however many steps there are, and runs the kernels of that step by step
/// (<see cref="ScanCode"/>). The body's states are updated in place, as parameters are; its arena is a piece of the arena around it.
/// </summary>
static class ScanEmitter
{
    static readonly Dictionary<string, int> NoSymbols = [];

    /// <summary>Gives one step as a graph: the outputs, and the updates of the states.</summary>
    public static Graph StepOf(Scan scan)
    {
        var (arguments, results) = (scan.Body.Arguments, scan.Body.Results);
        var states = Enumerable.Range(0, scan.States).Where(i => results[i] != arguments[i]);
        return new(results[scan.States..], [.. states.Select(i => new Update(arguments[i], results[i]))]);
    }

    public static KernelCode Emit(ScanStep step, CompileOptions options)
    {
        var (node, scan) = (step.Node, (Scan)step.Node.Op);
        var (plan, _) = Lowering.Plan(StepOf(scan), NoSymbols, options, null);
        var read = node.Operands.Select(o => (Slot)new Slot.Node(Geometry.Source(o))).ToList();
        var parts = scan.Parts;
        var written = new List<Slot>();
        for (int i = 0; i < parts.Count; i++)
        {
            var part = step.Stored.FirstOrDefault(m => m.Op is Part p && p.Index == i);
            written.Add(part is not null ? new Slot.Node(part) : new Slot.Temporary(node, $"part {i}", Bytes(parts[i])));
        }
        written.Add(new Slot.Temporary(node, "arena", plan.ArenaBytes));
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"scan {scan.Length} x ({string.Join(" | ", plan.Kernels.Select(k => k.Name))})"
        );
        var code = new ScanCode(scan, plan, options.Threads);
        return new(name, null, code.Run, [.. read, .. written], [.. written], 1, 0) { Shares = [.. Shares(scan, read, written)] };
    }

    /// <summary>Counts the bytes of a value.</summary>
    public static long Bytes(TensorType type) => (long)type.Shape.Size * type.DType.ByteSize();

    /// <summary>Lets a state stay where its first value was, if nothing else in the scan reads that.</summary>
    static IEnumerable<(Slot, Slot)> Shares(Scan scan, List<Slot> read, List<Slot> written)
    {
        for (int i = 0; i < scan.States; i++)
            if (read.Count(slot => slot == read[i]) == 1)
                yield return (read[i], written[i]);
    }
}
