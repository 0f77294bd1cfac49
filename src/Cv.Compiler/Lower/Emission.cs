using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Writes the kernels of all steps, side by side, and each code once: a deep net repeats few layers many times. So an emitter may look at what
/// its step holds, at the members' operands, and through reshapes, but no further.
/// </summary>
static class Emission
{
    /// <summary>Gives the kernels of the steps, in their order.</summary>
    public static List<KernelCode>[] Run(ImmutableArray<Step> steps, Func<Step, List<KernelCode>> emit)
    {
        var keys = InParallel.Map(steps, step => new StepKey(step));
        var firstOf = new Dictionary<StepKey, int>();
        var firsts = new List<int>();
        for (int i = 0; i < keys.Length; i++)
            if (firstOf.TryAdd(keys[i], firsts.Count))
                firsts.Add(i);
        var written = InParallel.Map(firsts, i => emit(steps[i]));
        var kernels = new List<KernelCode>[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            int first = firstOf[keys[i]];
            kernels[i] = firsts[first] == i ? written[first] : Translate(written[first], keys[firsts[first]], keys[i]) ?? emit(steps[i]);
        }
        return kernels;
    }

    /// <summary>Puts the nodes of another step in the place of those that kernels were written for; null where a slot is of neither.</summary>
    static List<KernelCode>? Translate(List<KernelCode> kernels, StepKey from, StepKey to)
    {
        var translated = new List<KernelCode>(kernels.Count);
        foreach (var kernel in kernels)
        {
            var slots = kernel.Slots.Select(s => Translate(s, from, to)).ToArray();
            var writes = kernel.Writes.Select(s => Translate(s, from, to)).ToArray();
            if (slots.Contains(null) || writes.Contains(null))
                return null;
            var shares = kernel.Shares.Select(s => (Translate(s.Read, from, to)!, Translate(s.Written, from, to)!));
            translated.Add(kernel with { Slots = [.. slots!], Writes = [.. writes!], Shares = [.. shares] });
        }
        return translated;
    }

    static Slot? Translate(Slot slot, StepKey from, StepKey to) =>
        slot switch
        {
            Slot.Node(var e) => to.Twin(e, from) is { } twin ? new Slot.Node(twin) : null,
            Slot.Temporary { Owner: Expr e } t => to.Twin(e, from) is { } twin ? t with { Owner = twin } : null,
            Slot.Number => slot,
            _ => null,
        };
}
