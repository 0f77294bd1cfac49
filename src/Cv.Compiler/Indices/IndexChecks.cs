using System.Globalization;
using System.Runtime.InteropServices;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Checks, at each call, what inputs feed as indices: labels, above all. What is to be checked is found once for each set of extents; then a call goes through those elements once
/// and allocates nothing.
/// </summary>
sealed class IndexChecks
{
    const int MostKept = 16;

    readonly Graph? _users;
    readonly Input[] _inputs;
    volatile (int[] Extents, (int Input, IndexCheck Check)[] Checks)[] _known = [];

    /// <summary>Looks for what takes indices in a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="inputs">The graph's inputs, by their numbers.</param>
    public IndexChecks(Graph graph, Input[] inputs)
    {
        var users = graph.Nodes.Where(IndexTrace.TakesIndices).ToArray();
        (_users, _inputs) = (users.Length == 0 ? null : new(users), inputs);
    }

    /// <summary>Checks a call whose inputs are bound.</summary>
    /// <exception cref="BindingException">An input feeds an index that is out of range; the message names it, its place and the range.</exception>
    public void Verify(Call call)
    {
        if (_users is null)
            return;
        foreach (var (input, check) in ChecksFor(call))
            Verify(_inputs[input], check, call[input]);
    }

    (int Input, IndexCheck Check)[] ChecksFor(Call call)
    {
        var known = _known;
        foreach (var (extents, checks) in known)
            if (call.Extents.SequenceEqual(extents))
                return checks;
        var found = new IndexTrace(BindSymbols.Run(_users!, call.Binding()))
            .Checks()
            .Select(c => (Array.FindIndex(_inputs, i => i.Id == c.Input.Id), c))
            .ToArray();
        // another thread may put its own in at the same time: then one of the two is found again
        _known = [(call.Extents.ToArray(), found), .. known.Take(MostKept - 1)];
        return found;
    }

    static void Verify(Input input, IndexCheck check, Tensor value)
    {
        int bad = value.DType switch
        {
            DType.I32 => FirstBad(value.AsSpan<int>(), check),
            DType.F32 => FirstBad(value.AsSpan<float>(), check),
            DType.F64 => FirstBad(value.AsSpan<double>(), check),
            _ => FirstBad(MemoryMarshal.AsBytes(value.AsSpan<bool>()), check),
        };
        if (bad >= 0)
            throw new BindingException(
                $"call: input \"{input.Id}\" must hold labels {Range(check.Bounds)}; got {value.ToDoubles()[bad].ToString(CultureInfo.InvariantCulture)} at index {Place(value.Shape, bad)}. Number the classes from 0.",
                input
            );
    }

    static int FirstBad<T>(ReadOnlySpan<T> values, IndexCheck check)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        var (lowest, highest) = (check.Bounds.Lowest, check.Bounds.Highest);
        if (check.Places is { } places)
        {
            foreach (int place in places)
                if (!IsIn(double.CreateTruncating(values[place]), lowest, highest))
                    return place;
            return -1;
        }
        for (int i = 0; i < values.Length; i++)
            if (!IsIn(double.CreateTruncating(values[i]), lowest, highest))
                return i;
        return -1;
    }

    // NaN is in no range
    static bool IsIn(double value, double lowest, double highest) => value >= lowest && value <= highest;

    static string Range(IndexBounds bounds) =>
        (double.IsFinite(bounds.SaidLowest), double.IsFinite(bounds.SaidHighest)) switch
        {
            (true, true) => $"{Text(bounds.SaidLowest)} to {Text(bounds.SaidHighest)}",
            (true, false) => $"of {Text(bounds.SaidLowest)} and above",
            (false, true) => $"of {Text(bounds.SaidHighest)} and below",
            _ => "that are numbers",
        };

    static string Place(Shape shape, int index)
    {
        if (shape.Rank < 2)
            return Text(index);
        var place = new int[shape.Rank];
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
            (index, place[axis]) = Math.DivRem(index, shape[axis].Value);
        return $"[{string.Join(", ", place.Select(p => Text(p)))}]";
    }

    static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
