using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Says that elements of an input must be in bounds.</summary>
/// <param name="Input">The input.</param>
/// <param name="Bounds">The bounds.</param>
/// <param name="Places">The places of the elements, in order; null for all.</param>
sealed record IndexCheck(Input Input, IndexBounds Bounds, int[]? Places);

/// <summary>
/// Follows what ops take for indices (<see cref="Op.Indices"/>) back to the inputs that feed it: through movements, joins, casts, shifts by a constant, limits, checkpoints, and
/// scans' sequences, constants and outputs. What is chosen by other values (a selection, a state that a scan changes) is not followed.
/// </summary>
/// <param name="bound">A graph whose extents are known.</param>
sealed class IndexTrace(Graph bound)
{
    readonly List<IndexCheck> _found = [];

    /// <summary>Tells whether a node, or one in a body that it holds, takes an operand for indices.</summary>
    public static bool TakesIndices(Expr e)
    {
        for (int i = 0; i < e.Operands.Length; i++)
            if (e.Op.Indices(i) is not null)
                return true;
        return e.Op is Closure closure && closure.Body.Nodes.Any(TakesIndices);
    }

    /// <summary>Finds what must be checked.</summary>
    public List<IndexCheck> Checks()
    {
        Visit(bound.Nodes, null);
        return _found;
    }

    void Visit(IEnumerable<Expr> nodes, Frame? frame)
    {
        foreach (var e in nodes)
        {
            for (int i = 0; i < e.Operands.Length; i++)
                if (e.Op.Indices(i) is { } range)
                    Follow(e.Operands[i], null, IndexBounds.Of(range), frame);
            if (e.Op is Closure closure && closure.Body.Nodes.Any(TakesIndices))
                Visit(closure.Body.Nodes, new(e, closure, null, frame));
        }
    }

    /// <summary>Follows elements of a node.</summary>
    /// <param name="e">The node.</param>
    /// <param name="used">Their places in it; null for all.</param>
    /// <param name="bounds">What they must keep.</param>
    /// <param name="frame">The body that the node stands in; null for none.</param>
    void Follow(Expr e, int[]? used, IndexBounds bounds, Frame? frame)
    {
        while (true)
        {
            if (used is { Length: 0 } || e.Shape.Size == 0)
                return;
            switch (e.Op)
            {
                case Input input:
                    Add(input, used, bounds);
                    return;
                case Reshape or Delay or StopGradient or StraightThrough or Labels or Remember:
                    e = e.Operands[0];
                    continue;
                case Movement movement:
                    used = Moved(movement.Sources(e.Operands[0].Shape, e.Shape), used);
                    e = e.Operands[0];
                    continue;
                case Cast cast:
                    if (bounds.BeforeCast(e.Operands[0].DType, cast.To) is not { } uncast)
                        return;
                    (e, bounds) = (e.Operands[0], uncast);
                    continue;
                case Neg:
                    (e, bounds) = (e.Operands[0], bounds.Negated());
                    continue;
                case Binary:
                    int constant = Constant(e.Operands[0]) is not null ? 0 : 1;
                    if (Constant(e.Operands[constant]) is not { } c || Before(e, c, constant == 0, bounds) is not { } before)
                        return;
                    var other = e.Operands[1 - constant];
                    used = Moved(Layout.Offsets(e.Shape.ToArray(), Layout.BroadcastStrides(other.Shape, e.Shape)), used);
                    (e, bounds) = (other, before);
                    continue;
                case Concat concat:
                    FollowParts(e, concat.Axis, used, bounds, frame);
                    return;
                case Checkpoint checkpoint:
                    (e, frame) = (checkpoint.Body.Results[0], new(e, checkpoint, null, frame));
                    continue;
                case Part { Index: var index } when e.Operands[0].Op is Scan scan:
                    FollowResult(e.Operands[0], scan, index, used, bounds, frame);
                    return;
                case Part { Index: var index } when e.Operands[0].Op is Pack:
                    e = e.Operands[0].Operands[index];
                    continue;
                case Argument when frame is { } inside:
                    if (inside.Given(e, ref used) is not { } given)
                        return;
                    (e, frame) = (given, inside.Outer);
                    continue;
                default:
                    return;
            }
        }
    }

    static IndexBounds? Before(Expr e, double c, bool constantFirst, IndexBounds bounds) =>
        bounds.Before(e.Op, c, constantFirst, e.DType == DType.I32);

    /// <summary>Follows what stands in each operand of a join.</summary>
    void FollowParts(Expr e, int axis, int[]? used, IndexBounds bounds, Frame? frame)
    {
        if (used is null)
        {
            foreach (var operand in e.Operands)
                Follow(operand, null, bounds, frame);
            return;
        }
        int inner = 1;
        for (int i = axis + 1; i < e.Shape.Rank; i++)
            inner *= e.Shape[i].Value;
        int extent = e.Shape[axis].Value,
            start = 0;
        foreach (var operand in e.Operands)
        {
            int count = operand.Shape[axis].Value,
                first = start;
            int[] inPart =
            [
                .. used.Where(p => p / inner % extent is var at && at >= first && at < first + count)
                    .Select(p => ((p / inner / extent * count) + (p / inner % extent) - first) * inner + p % inner),
            ];
            Follow(operand, inPart, bounds, frame);
            start += count;
        }
    }

    /// <summary>Follows a result of a scan: an output to the step that gave it, a state that no step changes to the first one.</summary>
    void FollowResult(Expr node, Scan scan, int index, int[]? used, IndexBounds bounds, Frame? frame)
    {
        var result = scan.Body.Results[index];
        if (index < scan.States)
        {
            if (result == scan.Body.Arguments[index] || scan.Length.Value == 0)
                Follow(node.Operands[index], used, bounds, frame);
            return;
        }
        if (used is null)
        {
            Follow(result, null, bounds, new(node, scan, null, frame));
            return;
        }
        int size = result.Shape.Size;
        foreach (var step in used.GroupBy(p => p / size))
            Follow(result, [.. step.Select(p => p % size)], bounds, new(node, scan, step.Key, frame));
    }

    void Add(Input input, int[]? used, IndexBounds bounds)
    {
        int[]? places = used is null ? null : [.. used.Distinct().Order()];
        if (places?.Length == input.Type.Shape.Size)
            places = null;
        var check = new IndexCheck(input, bounds, places);
        if (
            !_found.Exists(f =>
                f.Input == input
                && f.Bounds == bounds
                && (f.Places is null || (places is not null && f.Places.AsSpan().SequenceEqual(places)))
            )
        )
            _found.Add(check);
    }

    /// <summary>Gives where the used elements come from; a place below 0 is a zero of a padding, which nobody fed.</summary>
    static int[] Moved(int[] sources, int[]? used) => [.. (used is null ? sources : used.Select(i => sources[i])).Where(p => p >= 0)];

    static double? Constant(Expr e)
    {
        while (e.Op is Broadcast or Reshape)
            e = e.Operands[0];
        return e.Op is Const constant ? constant.Value : null;
    }

    /// <summary>Is the body that a node stands in.</summary>
    /// <param name="Node">The node that holds the body.</param>
    /// <param name="Closure">Its op.</param>
    /// <param name="Step">The index of the only step that counts, of a scan; null for every step.</param>
    /// <param name="Outer">Where the node stands.</param>
    sealed record Frame(Expr Node, Closure Closure, int? Step, Frame? Outer)
    {
        /// <summary>Gives the operand that an argument stands for, and the places of the used elements in it; null where the argument changes from step to step.</summary>
        public Expr? Given(Expr argument, ref int[]? used)
        {
            int at = Closure.Body.Arguments.IndexOf(argument);
            if (Closure is not Scan scan || at >= scan.States + scan.Sequences)
                return Node.Operands[at];
            if (at < scan.States)
                return scan.Body.Results[at] == argument ? Node.Operands[at] : null;
            int size = argument.Shape.Size;
            if (Step is { } step)
                used = [.. (used ?? [.. Enumerable.Range(0, size)]).Select(p => step * size + p)];
            else if (used is { } places)
                used = [.. Enumerable.Range(0, scan.Length.Value).SelectMany(t => places.Select(p => t * size + p))];
            return Node.Operands[at];
        }
    }
}
