using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Walks a graph from its leaves to its results with tangents. As on the way back (<see cref="Masks"/>), it remembers where a tangent is 0 because a select or a maximum
/// took something else, and masks what an op makes of it, where an infinite slope would turn the 0 into NaN.
/// </summary>
static class Forward
{
    /// <summary>Says how a node moves: its tangent, where that may differ from 0 by what selects took, and by what maxima and gates chose too.</summary>
    readonly record struct Move(Expr Tangent, Expr? Taken, Expr? Chosen);

    /// <summary>
    /// Gives how each result changes when the nodes of <paramref name="wrt"/> change by their tangents; of the result's type, and null where it does not. A node that
    /// depends on another of them changes by both; but where they move <paramref name="apart"/>, as the operands of one op do, by its own alone.
    /// </summary>
    public static ImmutableArray<Expr?> Of(
        ImmutableArray<Expr> ys,
        ImmutableArray<Expr> wrt,
        ImmutableArray<Expr> tangents,
        bool apart = false
    ) => [.. Masked(ys, wrt, tangents, [.. new Expr?[wrt.Length]], apart).Select(m => m.Tangent)];

    /// <summary>Does the same where tangents are known to be 0 but where a mask holds (null is anywhere), and gives such a mask with each result's.</summary>
    public static ImmutableArray<(Expr? Tangent, Expr? Mask)> Masked(
        ImmutableArray<Expr> ys,
        ImmutableArray<Expr> wrt,
        ImmutableArray<Expr> tangents,
        ImmutableArray<Expr?> masks,
        bool apart = false
    )
    {
        var held = apart ? wrt : [];
        var moves = new Dictionary<Expr, Move>();
        var parts = new Dictionary<Expr, ImmutableArray<Expr?>>();
        for (int i = 0; i < wrt.Length; i++)
            Add(moves, wrt[i], new(tangents[i], masks[i], masks[i]));
        foreach (var y in Expr.Nodes([.. ys]))
        {
            if (!y.DType.IsFloat() || held.Contains(y) || !y.Operands.Any(moves.ContainsKey))
                continue;
            using var from = Origins.From(y, $"tangent of {y.Op.Name}");
            ImmutableArray<Expr?> moved = [.. y.Operands.Select(o => moves.TryGetValue(o, out var m) ? m.Tangent : null)];
            if (y.Op.JvpOfBody(y, moved, [.. y.Operands.Select(o => moves.GetValueOrDefault(o).Taken)]) is var (tangent, found))
            {
                if (tangent is null)
                    continue;
                var whole = y.Op is Scan ? null : found[0];
                parts[y] = found;
                Add(moves, y, new(tangent, whole, whole));
            }
            else if (Next(y, moved, moves) is { } move)
            {
                if (y is (Part part, [var from0]) && parts.TryGetValue(from0, out var masksOfParts))
                    move = new(move.Tangent, masksOfParts[part.Index], masksOfParts[part.Index]);
                Add(moves, y, move with { Tangent = move.Tangent.BroadcastTo(y.Shape) });
            }
        }
        return [.. ys.Select(y => moves.TryGetValue(y, out var m) ? ((Expr?)m.Tangent, m.Taken) : (null, null))];
    }

    /// <summary>Moves a node: by all operands at once where no mask matters, and else, since a tangent is linear in its operands', by one after the other, masked.</summary>
    static Move? Next(Expr y, ImmutableArray<Expr?> tangents, Dictionary<Expr, Move> moves)
    {
        var plain = ImmutableArray.CreateRange(tangents);
        Expr? sum = null;
        (bool Any, Expr? Taken, Expr? Chosen) places = default;
        for (int i = 0; i < tangents.Length; i++)
        {
            if (tangents[i] is null)
                continue;
            var (_, taken, chosen) = moves[y.Operands[i]];
            var choice = y.Op is Elementwise ? y.Op.Choice(y, i) : null;
            var takenThere = y.Op.MaskOfResult(y, i, taken);
            var chosenThere = y.Op is Elementwise or Movement
                ? Mask.And(chosen == taken ? takenThere : y.Op.MaskOfResult(y, i, chosen), choice)
                : takenThere;
            places = places.Any
                ? (true, Mask.Or(places.Taken, takenThere), Mask.Or(places.Chosen, chosenThere))
                : (true, takenThere, chosenThere);
            var mask = Masks.IsTame(y, i) ? takenThere : chosenThere;
            if (mask is null || y.Op.KeepsZero(y, i))
                continue;
            plain = plain.SetItem(i, null);
            if (y.Op.Jvp(y, [.. tangents.Select((t, j) => j == i ? t : null)]) is { } part)
                Accumulate(Expr.Select(mask, part, part.Like(0)));
        }
        if (plain.Any(t => t is not null) && y.Op.Jvp(y, plain) is { } rest)
            Accumulate(rest);
        return sum is null ? null : new Move(sum, places.Taken, places.Chosen);

        void Accumulate(Expr part) => sum = sum is null ? part : sum + part;
    }

    static void Add(Dictionary<Expr, Move> moves, Expr x, Move move) =>
        moves[x] = moves.TryGetValue(x, out var known)
            ? new(known.Tangent + move.Tangent, Mask.Or(known.Taken, move.Taken), Mask.Or(known.Chosen, move.Chosen))
            : move;
}
