using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Differentiates a scan forward: the scan with the tangents of the states beside the states. Where a tangent is 0 by a select, the mask that says so goes along, as a bool
/// state.
/// </summary>
/// <param name="scan">The op.</param>
/// <param name="y">Its node.</param>
/// <param name="tangents">The operands' tangents; null where one stays.</param>
/// <param name="masks">Says where the tangents may differ from 0; null is anywhere.</param>
sealed class ScanAhead(Scan scan, Expr y, ImmutableArray<Expr?> tangents, ImmutableArray<Expr?> masks)
{
    int States => scan.States;
    int Leading => scan.Leading;

    /// <summary>Gives the tangents of all results, as one value, and where each may differ from 0.</summary>
    public (Expr Tangent, ImmutableArray<Expr?> Masks) Moved()
    {
        var (arguments, results) = scan.Body.Fresh();
        // a state that does not move at first may do so later
        var moving = Enumerable
            .Range(0, arguments.Length)
            .Where(i => tangents[i] is not null || (i < States && arguments[i].DType.IsFloat()))
            .ToList();
        var given = moving.Select(i => Argument.Fresh("tangent", arguments[i].Type)).ToImmutableArray();
        var outside = new Dictionary<Expr, Expr>();
        List<Expr> states = [.. arguments[..States]],
            first = [.. y.Operands[..States]],
            next = [.. results[..States]],
            elements = [.. arguments[States..Leading]],
            sequences = [.. y.Operands[States..Leading]];
        var places = moving.Select(i => i < States ? null : OfOperand(i, arguments[i], elements, sequences)).ToArray();
        var moved = WalkAhead(arguments, results, moving, given, places);

        for (int k = 0; k < moving.Count; k++)
        {
            int i = moving[k];
            if (i < States)
            {
                states.Add(given[k]);
                first.Add(tangents[i] ?? Scan.Zeros(given[k].Type));
                next.Add(moved[i].Tangent ?? Scan.Zeros(given[k].Type));
            }
            else if (i < Leading)
            {
                elements.Add(given[k]);
                sequences.Add(tangents[i]!);
            }
            else
                outside[given[k]] = tangents[i]!;
        }
        var movingStates = moving.TakeWhile(i => i < States).ToList();
        var maskedStates = movingStates.Where(i => places[moving.IndexOf(i)] is not null).ToList();
        int firstMask = states.Count;
        foreach (int i in maskedStates)
        {
            var mask = places[moving.IndexOf(i)]!;
            states.Add(mask);
            first.Add(Mask.Full(tangents[i] is null ? Mask.Everywhere(false) : masks[i], mask.Shape));
            next.Add(Mask.Full(moved[i].Tangent is null ? Mask.Everywhere(false) : moved[i].Mask, mask.Shape));
        }
        for (int i = Leading; i < arguments.Length; i++)
            outside[arguments[i]] = y.Operands[i];

        var parts = scan.Parts;
        var outputs = Enumerable.Range(States, parts.Count - States).Where(i => moved[i].Tangent is not null).ToList();
        var masked = outputs.Where(i => moved[i].Mask is not null).ToList();
        var made = Scan.Of(
            states,
            first,
            elements,
            sequences,
            Scan.Replace(
                [.. next, .. outputs.Select(i => moved[i].Tangent!), .. masked.Select(i => Mask.Full(moved[i].Mask, results[i].Shape))],
                outside
            ),
            scan.Length,
            scan.Reverse
        );
        var tangent = Pack.Of(
            parts,
            i =>
                i < States ? (movingStates.IndexOf(i) is >= 0 and var k ? made[States + k] : null)
                : outputs.IndexOf(i) is >= 0 and var o ? made[states.Count + o]
                : null
        );
        var found = Enumerable
            .Range(0, parts.Count)
            .Select(i =>
                i < States ? (maskedStates.IndexOf(i) is >= 0 and var k ? made[firstMask + k] : null)
                : masked.IndexOf(i) is >= 0 and var m ? made[states.Count + outputs.Count + m]
                : null
            );
        return (tangent, [.. found]);
    }

    /// <summary>Gives an operand's mask to the steps: an element of it each for a sequence, the mask itself for a constant.</summary>
    Expr? OfOperand(int i, Expr argument, List<Expr> elements, List<Expr> sequences)
    {
        if (i >= Leading || masks[i] is not { } mask || mask.Shape.Rank == 0)
            return masks[i];
        var given = Argument.Fresh("mask", argument.Type with { DType = DType.Bool });
        elements.Add(given);
        sequences.Add(Mask.Full(mask, y.Operands[i].Shape));
        return given;
    }

    /// <summary>Moves the body, with a mask for each state's tangent; a state whose mask is lost in the body has none, and the walk is taken again without it.</summary>
    ImmutableArray<(Expr? Tangent, Expr? Mask)> WalkAhead(
        ImmutableArray<Expr> arguments,
        ImmutableArray<Expr> results,
        List<int> moving,
        ImmutableArray<Expr> given,
        Expr?[] places
    )
    {
        bool mayMask = scan.Body.Nodes.Any(e => e.Op is Select or Closure) || masks.Any(m => m is not null);
        for (int k = 0; mayMask && k < moving.Count && moving[k] < States; k++)
            places[k] = Argument.Fresh("mask", given[k].Type with { DType = DType.Bool });
        while (true)
        {
            var moved = Forward.Masked(results, [.. moving.Select(i => arguments[i])], given, [.. places]);
            bool lost = false;
            for (int k = 0; k < moving.Count && moving[k] < States; k++)
                if (places[k] is not null && moved[moving[k]] is ({ }, null))
                {
                    places[k] = null;
                    lost = true;
                }
            if (!lost)
                return moved;
        }
    }
}
