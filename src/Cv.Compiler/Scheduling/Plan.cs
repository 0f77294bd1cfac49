using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Says where a buffer is.</summary>
abstract record Place
{
    /// <summary>Is at an offset in the arena.</summary>
    public sealed record Arena(long Offset, long Bytes) : Place;

    /// <summary>Is the tensor bound to an input, or the state's tensor of a parameter or state.</summary>
    public sealed record Leaf(Named Of) : Place;

    /// <summary>Is the tensor of an output.</summary>
    public sealed record Output(int Index) : Place;

    /// <summary>Is a constant array.</summary>
    public sealed record Constant(Literal Of) : Place;
}

/// <summary>Gives every buffer its place: one arena whose pieces are used again as soon as their last reader has run.</summary>
sealed class Plan
{
    const long Line = 64;
    const long Slack = 256;

    readonly Dictionary<Slot, Place> _places = [];
    readonly Dictionary<Expr, Expr> _inPlace;

    public Plan(Schedule schedule, ImmutableArray<KernelCode> kernels)
    {
        var graph = schedule.Graph;
        _inPlace = schedule.InPlace.ToDictionary(u => Geometry.Source(u.Value), u => u.Target);
        var list = kernels.ToBuilder();
        for (int i = 0; i < graph.Outputs.Length; i++)
        {
            var slot = new Slot.Node(Geometry.Source(graph.Outputs[i]));
            long bytes = (long)graph.Outputs[i].Shape.Size * graph.Outputs[i].DType.ByteSize();
            if (_places.TryAdd(slot, new Place.Output(i)))
                continue;
            var twin = new Slot.Temporary(graph.Outputs[i], $"output {i}", 0);
            _places[twin] = new Place.Output(i);
            list.Add(Combine.Copy(slot, twin, bytes));
        }
        foreach (var update in graph.Updates)
            if (!schedule.InPlace.Contains(update))
                list.Add(
                    Combine.Copy(
                        new Slot.Node(Geometry.Source(update.Value)),
                        new Slot.Node(update.Target),
                        (long)update.Target.Shape.Size * update.Target.DType.ByteSize()
                    )
                );
        Kernels = Sequence.Join(list);
        ArenaBytes = Allocate();
    }

    /// <summary>Gives the kernels in order, copies included.</summary>
    public ImmutableArray<KernelCode> Kernels { get; }

    /// <summary>Counts the bytes of the arena: the peak of everything that lives between kernels.</summary>
    public long ArenaBytes { get; }

    /// <summary>Gives the place of a buffer.</summary>
    public Place this[Slot slot] => _places[slot];

    /// <summary>Lists the buffers in the arena, the largest first.</summary>
    public IEnumerable<(Slot Slot, long Bytes)> Largest() =>
        _places.Where(p => p.Value is Place.Arena).Select(p => (p.Key, ((Place.Arena)p.Value).Bytes)).OrderByDescending(p => p.Bytes);

    /// <summary>Prints each kernel with the buffers it uses, then the peak.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int i = 0; i < Kernels.Length; i++)
        {
            var k = Kernels[i];
            var uses = k.Slots.Where(s => s is not Slot.Number).Select(s => (k.Writes.Contains(s) ? "-> " : "") + Text(_places[s]));
            text.Append(CultureInfo.InvariantCulture, $"{i}: {k.Name}, {k.Units} units: {string.Join(", ", uses)}\n");
        }
        return text.Append(CultureInfo.InvariantCulture, $"peak {ArenaBytes} bytes\n").ToString();
    }

    static string Text(Place place) =>
        place switch
        {
            Place.Arena a => $"arena+{a.Offset} ({a.Bytes})",
            Place.Leaf l => $"{l.Of.Name} \"{l.Of.Id}\"",
            Place.Output o => $"output {o.Index}",
            _ => "constant",
        };

    long Allocate()
    {
        var life = new Dictionary<Slot, (int First, int Last)>();
        for (int i = 0; i < Kernels.Length; i++)
            foreach (var slot in Kernels[i].Slots)
                if (slot is not Slot.Number && Fixed(slot) is null)
                    life[slot] = (life.TryGetValue(slot, out var l) ? l.First : i, i);
        var heirs = Heirs(life);
        var given = heirs.Values.ToHashSet();
        var space = new FreeSpace();
        var ending = new List<(long Offset, long Size)>?[Kernels.Length];
        int freed = 0;
        foreach (var (slot, (first, last)) in life.OrderBy(l => l.Value.First))
        {
            for (; freed < first; freed++)
                foreach (var (end, size) in ending[freed] ?? [])
                    space.Free(end, size);
            long needed = (BytesOf(slot) + Slack + Line - 1) / Line * Line;
            long offset = heirs.TryGetValue(slot, out var from) ? ((Place.Arena)_places[from]).Offset : space.Take(needed);
            _places[slot] = new Place.Arena(offset, BytesOf(slot));
            // a piece that lives on under another name ends with that
            if (!given.Contains(slot))
                (ending[last] ??= []).Add((offset, needed));
        }
        return space.End;
    }

    /// <summary>Pairs each value that may be written over what it is made of with the buffer that dies there.</summary>
    Dictionary<Slot, Slot> Heirs(Dictionary<Slot, (int First, int Last)> life)
    {
        var heirs = new Dictionary<Slot, Slot>();
        var given = new HashSet<Slot>();
        for (int i = 0; i < Kernels.Length; i++)
            foreach (var (read, written) in Kernels[i].Shares)
                if (
                    life.TryGetValue(read, out var old)
                    && life.TryGetValue(written, out var fresh)
                    && old.Last == i
                    && old.First < i
                    && fresh.First == i
                    && !heirs.ContainsKey(written)
                    && given.Add(read)
                )
                    heirs[written] = read;
        return heirs;
    }

    Place? Fixed(Slot slot)
    {
        if (_places.TryGetValue(slot, out var known) && known is not Place.Arena)
            return known;
        if (slot is not Slot.Node(var source))
            return null;
        Place? place = _inPlace.GetValueOrDefault(source, source).Op switch
        {
            Named named => new Place.Leaf(named),
            Literal literal => new Place.Constant(literal),
            _ => null,
        };
        if (place is not null)
            _places[slot] = place;
        return place;
    }

    /// <summary>Counts the bytes of a buffer.</summary>
    public static long BytesOf(Slot slot) =>
        slot switch
        {
            Slot.Node(var e) => (long)e.Shape.Size * e.DType.ByteSize(),
            Slot.Temporary t => t.Bytes,
            _ => 0,
        };
}
