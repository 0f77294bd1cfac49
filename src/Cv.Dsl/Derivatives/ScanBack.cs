using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Differentiates a scan in reverse: a scan that goes the other way. It is given the states as they were, the elements and the cotangents of the outputs, and hands on the
/// cotangents of the states. Where selects in the body or behind it make masks, these are handed on too, as bool states.
/// </summary>
/// <param name="scan">The op.</param>
/// <param name="y">Its node.</param>
/// <param name="dy">The cotangent of the node.</param>
/// <param name="masks">Says where the cotangents of its parts may differ from 0; null knows nothing.</param>
sealed class ScanBack(Scan scan, Expr y, Expr dy, Masks? masks)
{
    readonly Parts _parts = scan.Parts;
    int States => scan.States;
    int Leading => scan.Leading;

    /// <summary>Gives the cotangent of each operand, and where it may differ from 0.</summary>
    public ImmutableArray<(Expr? Flow, Expr? Mask)> Flows()
    {
        var (arguments, results) = scan.Body.Fresh();
        List<Expr> steps = [.. arguments[..Leading]],
            sequences = [.. scan.Keep(y), .. y.Operands[States..Leading]];
        // the cotangents of the results, each an argument of the step back
        var roots = new (Expr Root, Expr? Cotangent, Expr? Mask)[results.Length];
        var flows = new Expr?[results.Length];
        for (int i = 0; i < results.Length; i++)
        {
            roots[i] = (results[i], null, null);
            flows[i] = _parts[i].DType.IsFloat() ? Part.Of(_parts, i, dy) : null;
            if (flows[i] is not { } flow || (i >= States && Scan.IsZero(flow)))
                continue;
            roots[i].Cotangent = Argument.Fresh(i < States ? "cotangent" : "output", results[i].Type);
            if (i < States)
                continue;
            steps.Add(roots[i].Cotangent!);
            sequences.Add(flow);
            roots[i].Mask = OfOutput(i, results[i], steps, sequences);
        }
        var back = WalkBack(roots, arguments);

        List<Expr> carried = [],
            first = [],
            next = [];
        for (int i = 0; i < States; i++)
            if (roots[i].Cotangent is { } given)
                Carry(given, flows[i]!, back[i].Flow ?? Scan.Zeros(given.Type));
        int sums = carried.Count;
        for (int i = Leading; i < arguments.Length; i++)
            if (back[i].Flow is { } flow)
            {
                // a sum of many steps is kept in f64, so that what it has grown to does not swallow what comes
                var type = arguments[i].Type with
                {
                    DType = scan.IsLong ? DType.F64 : arguments[i].DType,
                };
                var sum = Argument.Fresh("sum", type);
                Carry(sum, Scan.Zeros(type), sum + flow.Cast(type.DType));
            }
        // masks beside them: those of states go on, and those of constants hold where any step's does
        var places = new Dictionary<int, int>();
        for (int i = 0; i < States; i++)
            if (roots[i].Mask is { } given)
            {
                places[i] = carried.Count;
                Carry(
                    given,
                    Mask.Full(masks?.OfPart(y, i), given.Shape),
                    Mask.Full(back[i].Flow is null ? Mask.Everywhere(false) : back[i].Mask, given.Shape)
                );
            }
        for (int i = Leading; i < arguments.Length; i++)
            if (back[i] is ({ }, { } mask))
            {
                places[i] = carried.Count;
                var any = Argument.Fresh("mask", arguments[i].Type with { DType = DType.Bool });
                Carry(any, Mask.Full(Mask.Everywhere(false), any.Shape), any | mask);
            }

        var outputs = Enumerable.Range(States, scan.Sequences).Where(i => back[i].Flow is not null).ToList();
        var masked = outputs.Where(i => back[i].Mask is not null).ToList();
        var made = Scan.Of(
            carried,
            first,
            steps,
            sequences,
            scan.Outside(
                y,
                arguments,
                [
                    .. next,
                    .. outputs.Select(i => back[i].Flow!.BroadcastTo(arguments[i].Shape)),
                    .. masked.Select(i => Mask.Full(back[i].Mask, arguments[i].Shape)),
                ]
            ),
            scan.Length,
            !scan.Reverse
        );

        int taken = 0;
        var cotangents = ImmutableArray.CreateBuilder<(Expr?, Expr?)>(arguments.Length);
        for (int i = 0; i < States; i++)
            cotangents.Add(roots[i].Cotangent is null ? default : (made[taken++], Place(i)));
        for (int i = States; i < Leading; i++)
            cotangents.Add(
                outputs.IndexOf(i) is not (>= 0 and var output) ? default
                : masked.IndexOf(i) is >= 0 and var m ? (made[carried.Count + output], made[carried.Count + outputs.Count + m])
                : (made[carried.Count + output], null)
            );
        for (int i = Leading; i < arguments.Length; i++)
            cotangents.Add(back[i].Flow is null ? default : (made[sums++].Cast(arguments[i].DType), Place(i)));
        return cotangents.MoveToImmutable();

        void Carry(Expr argument, Expr start, Expr then)
        {
            carried.Add(argument);
            first.Add(start);
            next.Add(then);
        }

        Expr? Place(int i) => places.TryGetValue(i, out int at) ? made[at] : null;
    }

    /// <summary>Gives an output's mask to the steps: an element of it each, or all the one that it is.</summary>
    Expr? OfOutput(int i, Expr result, List<Expr> steps, List<Expr> sequences)
    {
        if (masks?.OfPart(y, i) is not { } mask || mask.Shape.Rank == 0)
            return masks?.OfPart(y, i);
        var given = Argument.Fresh("mask", result.Type with { DType = DType.Bool });
        steps.Add(given);
        sequences.Add(Mask.Full(mask, _parts[i].Shape));
        return given;
    }

    /// <summary>
    /// Takes the body back, with a mask for each state's cotangent that the step before it is told. A state whose mask is lost on the way through the body has none from then on,
    /// and the walk is taken again without it.
    /// </summary>
    ImmutableArray<(Expr? Flow, Expr? Mask)> WalkBack((Expr Root, Expr? Cotangent, Expr? Mask)[] roots, ImmutableArray<Expr> arguments)
    {
        bool mayMask = scan.Body.Nodes.Any(e => e.Op is Select or Closure) || roots.Any(r => r.Mask is not null);
        for (int i = 0; i < States; i++)
            if (roots[i].Cotangent is { } given && (mayMask || masks?.OfPart(y, i) is not null))
                roots[i].Mask = Argument.Fresh("mask", given.Type with { DType = DType.Bool });
        while (true)
        {
            var back = Reverse.WalkMasked(roots, arguments.AsSpan());
            bool lost = false;
            for (int i = 0; i < States; i++)
                if (roots[i].Mask is not null && back[i] is ({ }, null))
                {
                    roots[i].Mask = null;
                    lost = true;
                }
            if (!lost)
                return back;
        }
    }
}
