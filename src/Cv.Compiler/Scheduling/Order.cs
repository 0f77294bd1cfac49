using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Orders the steps: after what they read and wait for, and, where an update overwrites its target in place, after everyone who still reads the old
/// value. An update for which no such order exists is made through a copy. The steps come in an order that is valid already, and what a step waits for counts
/// only where it stands before it there: so waiting, which changes no value, closes no cycle.
/// </summary>
static class Order
{
    const int SmallUpdate = 1 << 12;

    public static Schedule Run(Graph graph, List<Step> steps)
    {
        var home = Store(graph, steps);
        // a chain that floated into an earlier step, and then got a loop of its own, is stored by that step: the loop would only be in the way of updates
        while (steps.Exists(s => s.Stored.IsEmpty))
        {
            steps = steps.FindAll(s => !s.Stored.IsEmpty);
            home = Store(graph, steps);
        }
        var reads = steps.Select(s => s.Reads().ToHashSet()).ToList();
        var needs = reads
            .Select(
                (r, i) => r.Where(home.ContainsKey).Select(e => home[e]).Where(j => j != i).Concat(Awaited(i, steps[i], home)).ToHashSet()
            )
            .ToList();
        var readers = new Dictionary<Expr, List<int>>();
        for (int i = 0; i < steps.Count; i++)
            foreach (var read in reads[i])
            {
                if (!readers.TryGetValue(read, out var list))
                    readers[read] = list = [];
                list.Add(i);
            }
        var waits = InPlaceCandidates(graph, steps, home)
            .Select(u => (Update: u, Step: home[Geometry.Source(u.Value)], Readers: readers.GetValueOrDefault(u.Target, [])))
            .ToList();
        // what nobody reads comes as soon as it can, so that what it reads may go; but what is small comes last: the updates of all biases are
        // then one kernel
        var needed = needs.SelectMany(n => n).ToHashSet();
        var ranks = steps
            .Select(
                (s, i) =>
                    needed.Contains(i) ? i
                    : s is LoopStep { Size: <= SmallUpdate } ? steps.Count + i
                    : needs[i].Select(n => n + 0.5).DefaultIfEmpty(i).Max()
            )
            .ToList();
        // what is made of leaves alone comes just before its first reader
        var first = new double?[steps.Count];
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            if (steps[i].Order < 0 && first[i] is { } reader)
                ranks[i] = reader - 0.25;
            foreach (int j in needs[i])
                first[j] = Math.Min(first[j] ?? ranks[i], ranks[i]);
        }
        // scalars made of leaves alone come together, so that they share one call
        var scalars = Enumerable
            .Range(0, steps.Count)
            .Where(i => steps[i] is LoopStep { Size: 1, Order: < 0 } && first[i] is not null)
            .ToList();
        double together = scalars.Select(i => ranks[i]).DefaultIfEmpty().Min();
        foreach (int i in scalars)
            ranks[i] = together;
        waits = WithoutKnots(needs, waits);
        foreach (var (_, step, others) in waits)
            needs[step].UnionWith(others.Where(r => r != step));
        return new(graph, [.. Sort(needs, ranks).Select(i => steps[i])], [.. waits.Select(w => w.Update)]);
    }

    /// <summary>
    /// Lists the earlier steps that hold what a step waits for. A value that only a later step holds, because it is computed again inside each step that uses it, is
    /// there as soon as what it is made of is.
    /// </summary>
    static IEnumerable<int> Awaited(int step, Step waiting, Dictionary<Expr, int> home)
    {
        var open = new Stack<Expr>(waiting.Waits());
        var seen = new HashSet<Expr>();
        while (open.TryPop(out var e))
        {
            if (!seen.Add(e))
                continue;
            if (home.TryGetValue(e, out int holder) && holder < step)
                yield return holder;
            else
                foreach (var operand in e.Operands)
                    open.Push(Geometry.Source(operand));
        }
    }

    /// <summary>
    /// Drops updates until an order exists: sorts as far as it goes, and where steps wait for each other, the first update among them gives way, to
    /// be made through a copy; then the sorting goes on. Each edge is looked at once.
    /// </summary>
    static List<(Update Update, int Step, List<int> Readers)> WithoutKnots(
        List<HashSet<int>> needs,
        List<(Update Update, int Step, List<int> Readers)> waits
    )
    {
        // why a step comes after another: it needs it, or waits for it to have read; both may be so
        var reasons = new Dictionary<(int Before, int Step), int>();
        var after = needs.Select(_ => new List<int>()).ToList();
        var missing = new int[needs.Count];
        void Wait(int step, int before)
        {
            if (step == before)
                return;
            int count = reasons.GetValueOrDefault((before, step));
            reasons[(before, step)] = count + 1;
            if (count > 0)
                return;
            after[before].Add(step);
            missing[step]++;
        }
        for (int step = 0; step < needs.Count; step++)
            foreach (int before in needs[step])
                Wait(step, before);
        foreach (var (_, step, readers) in waits)
        foreach (int reader in readers)
            Wait(step, reader);

        var done = new bool[needs.Count];
        var ready = new Stack<int>(Enumerable.Range(0, needs.Count).Where(i => missing[i] == 0));
        var kept = new List<(Update Update, int Step, List<int> Readers)>();
        foreach (var wait in waits)
        {
            Sort();
            if (done[wait.Step])
            {
                kept.Add(wait);
                continue;
            }
            foreach (int reader in wait.Readers)
                if (reader != wait.Step && --reasons[(reader, wait.Step)] == 0 && !done[reader] && --missing[wait.Step] == 0)
                    ready.Push(wait.Step);
        }
        return kept;

        void Sort()
        {
            while (ready.TryPop(out int next))
            {
                done[next] = true;
                foreach (int step in after[next])
                    if (reasons[(next, step)] > 0 && --missing[step] == 0)
                        ready.Push(step);
            }
        }
    }

    /// <summary>Decides which members leave each step, and tells where each member is stored, if at all: in the first step that has it.</summary>
    static Dictionary<Expr, int> Store(Graph graph, List<Step> steps)
    {
        var home = new Dictionary<Expr, int>();
        for (int i = 0; i < steps.Count; i++)
            foreach (var member in steps[i].Members)
                if (steps[i].Roles[member] != Role.One) // made for that kernel alone, and never stored by it
                    home.TryAdd(member, i);
        var leaving = new HashSet<Expr>(graph.Roots.Select(Geometry.Source));
        foreach (var step in steps)
            leaving.UnionWith(step.Reads());
        for (int i = 0; i < steps.Count; i++)
            steps[i].Stored = [.. steps[i].Members.Where(m => leaving.Contains(m) && home[m] == i)];
        return home;
    }

    /// <summary>Lists the updates whose step reads the target, if at all, at the very element it writes.</summary>
    static IEnumerable<Update> InPlaceCandidates(Graph graph, List<Step> steps, Dictionary<Expr, int> home)
    {
        var outputs = graph.Outputs.Select(Geometry.Source).ToHashSet();
        var taken = new HashSet<Expr>();
        foreach (var update in graph.Updates)
        {
            var source = Geometry.Source(update.Value);
            var step = steps[home[source]];
            if (outputs.Contains(source) || !taken.Add(source) || step.Roles[source] == Role.Tail || step is not (LoopStep or TileStep))
                continue;
            if (step is TileStep tile && tile.Factors.Contains(update.Target))
                continue;
            if (step.Prologue.Exists(m => m.Operands.Any(o => Geometry.Source(o) == update.Target)))
                continue;
            // a row is walked several times: a later walk would read the new value
            if (
                step.Roles.ContainsValue(Role.Row)
                && step.Reads().Contains(update.Target)
                && !new Phases((LoopStep)step).IsReadBefore(update.Target, source)
            )
                continue;
            bool aligned = step.Members.All(m =>
                m.Operands.All(o => Geometry.Source(o) != update.Target || (o == update.Target && m.Shape == source.Shape))
            );
            if (aligned)
                yield return update;
        }
    }

    /// <summary>Sorts by Kahn's algorithm, the lowest rank first.</summary>
    static List<int> Sort(List<HashSet<int>> before, List<double> ranks)
    {
        var after = before.Select(_ => new List<int>()).ToList();
        var missing = new int[before.Count];
        var ready = new PriorityQueue<int, (double, int)>();
        for (int i = 0; i < before.Count; i++)
        {
            missing[i] = before[i].Count;
            foreach (int j in before[i])
                after[j].Add(i);
            if (missing[i] == 0)
                ready.Enqueue(i, (ranks[i], i));
        }
        var order = new List<int>();
        while (ready.TryDequeue(out int next, out _))
        {
            order.Add(next);
            foreach (int i in after[next])
                if (--missing[i] == 0)
                    ready.Enqueue(i, (ranks[i], i));
        }
        return order.Count == before.Count
            ? order
            : throw new InvalidOperationException($"order: {before.Count - order.Count} kernels wait for each other.");
    }
}
