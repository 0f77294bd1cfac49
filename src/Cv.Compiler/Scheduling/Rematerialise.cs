using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Computes cheap elementwise values a second time, just before a late reader, instead of keeping them: what a backward pass reads of a forward
/// pass, say. Only a value whose own operands are kept anyway, or are small, is worth it. Every value keeps its bits: it is made by the same ops.
/// </summary>
static class Rematerialise
{
    const int LeastElements = 1 << 10;
    const int LeastGap = 3;
    const int MostOps = 12;
    const int SmallPart = 4;

    /// <summary>Gives the schedule with the steps that compute again, each before its first reader.</summary>
    public static Schedule Run(Schedule schedule)
    {
        var steps = schedule.Steps;
        var home = new Dictionary<Expr, int>();
        var readers = new Dictionary<Expr, List<int>>();
        for (int i = 0; i < steps.Length; i++)
        {
            foreach (var stored in steps[i].Stored)
                home[stored] = i;
            foreach (var read in steps[i].Reads())
                (readers.TryGetValue(read, out var list) ? list : readers[read] = []).Add(i);
        }
        var roots = schedule.Graph.Roots.Select(Geometry.Source).ToHashSet();
        // a leaf that is overwritten can be read until then
        var until = schedule.InPlace.ToDictionary(u => (Expr)u.Target, u => home[Geometry.Source(u.Value)]);
        foreach (var (read, at) in readers)
            if (!Kernels.IsGiven(read.Op))
                until[read] = at[^1];
        var kept = new HashSet<Expr>();
        var again = new Dictionary<int, List<(Step Step, Expr Value)>>();
        foreach (var (value, made) in home.OrderBy(h => h.Value))
        {
            if (
                roots.Contains(value)
                || kept.Contains(value)
                || value.Shape.Size < LeastElements
                || !readers.TryGetValue(value, out var at)
            )
                continue;
            if (Chain(steps[made], value) is not { } chain)
                continue;
            var sources = chain
                .SelectMany(m => m.Operands)
                .Select(Geometry.Source)
                .Where(s => !chain.Contains(s) && s.Op is not (Const or Iota))
                .ToHashSet();
            int gap = Gaps(made, at).FirstOrDefault(g => sources.All(s => IsThere(s, at[g], value)), -1);
            if (gap < 0)
                continue;
            int before = at[gap];
            kept.UnionWith(sources);
            until[value] = -1; // not there in the gap, for others
            if (gap == 0 && steps[made].Stored.Length > 1)
                steps[made].Stored = steps[made].Stored.Remove(value);
            (again.TryGetValue(before, out var list) ? list : again[before] = []).Add((Clone(steps[made], chain, value), value));
        }
        var order = ImmutableArray.CreateBuilder<Step>();
        for (int i = 0; i < steps.Length; i++)
        {
            order.AddRange(again.GetValueOrDefault(i, []).Select(a => a.Step));
            order.Add(steps[i]);
        }
        return schedule with
        {
            Steps = order.ToImmutable(),
            Again = again.Values.SelectMany(a => a).ToImmutableDictionary(a => a.Step, a => a.Value),
        };

        bool IsThere(Expr source, int when, Expr value) =>
            Kernels.IsGiven(source.Op)
                ? !until.TryGetValue(source, out int written) || written >= when
                : until[source] >= when || (until[source] >= 0 && source.Shape.Size <= value.Shape.Size / SmallPart);
    }

    /// <summary>Lists the readers that come long after what stands before them, the longest first.</summary>
    static IEnumerable<int> Gaps(int made, List<int> readers)
    {
        int Length(int i) => readers[i] - (i == 0 ? made : readers[i - 1]);
        return Enumerable.Range(0, readers.Count).Where(i => Length(i) >= LeastGap).OrderByDescending(Length);
    }

    /// <summary>Lists the members of a step that a value is made of, operands first; null where they are many, costly or no elementwise ops.</summary>
    static List<Expr>? Chain(Step step, Expr value)
    {
        if (step is not LoopStep)
            return null;
        var needed = new HashSet<Expr> { value };
        foreach (var m in Enumerable.Reverse(step.Members))
            if (needed.Contains(m))
                needed.UnionWith(m.Operands.Select(Geometry.Source).Where(step.Roles.ContainsKey));
        var chain = step.Members.Where(needed.Contains).ToList();
        bool cheap =
            chain.Count <= MostOps
            && chain.TrueForAll(m =>
                m.Op is Elementwise or Broadcast && step.Roles[m] is Role.Full or Role.One && LoopGeometry.CostOf(m) == 1
            );
        return cheap ? chain : null;
    }

    static LoopStep Clone(Step from, List<Expr> chain, Expr value)
    {
        var step = new LoopStep(value.Shape.Size) { Lane = from.Lane, Stored = [value] };
        step.Members.AddRange(chain);
        foreach (var m in chain)
            step.Roles[m] = from.Roles[m];
        return step;
    }

    /// <summary>Gives each value that is made again a buffer of its own from there on.</summary>
    public static ImmutableArray<KernelCode> Rename(Schedule schedule, IReadOnlyList<List<KernelCode>> codes)
    {
        var names = new Dictionary<Slot, Slot>();
        var renamed = ImmutableArray.CreateBuilder<KernelCode>();
        Slot Name(Slot slot) => names.GetValueOrDefault(slot, slot);
        for (int i = 0; i < codes.Count; i++)
        {
            if (schedule.Again.TryGetValue(schedule.Steps[i], out var value))
                names[new Slot.Node(value)] = new Slot.Temporary(value, "again", Plan.BytesOf(new Slot.Node(value)));
            foreach (var code in codes[i])
                renamed.Add(
                    names.Count == 0
                        ? code
                        : code with
                        {
                            Slots = [.. code.Slots.Select(Name)],
                            Writes = [.. code.Writes.Select(Name)],
                            Shares = [.. code.Shares.Select(s => (Name(s.Read), Name(s.Written)))],
                        }
                );
        }
        return renamed.ToImmutable();
    }
}
