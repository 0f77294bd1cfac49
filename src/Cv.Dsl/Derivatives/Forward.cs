using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Walks a graph from its leaves to its results with tangents.</summary>
static class Forward
{
    /// <summary>
    /// Gives how each result changes when the nodes of <paramref name="wrt"/> change by their tangents; of the result's type, and null where it does not. A node that
    /// depends on another of them changes by both; but where they move <paramref name="apart"/>, as the operands of one op do, by its own alone.
    /// </summary>
    public static ImmutableArray<Expr?> Of(
        ImmutableArray<Expr> ys,
        ImmutableArray<Expr> wrt,
        ImmutableArray<Expr> tangents,
        bool apart = false
    )
    {
        var held = apart ? wrt : [];
        var changes = new Dictionary<Expr, Expr>();
        for (int i = 0; i < wrt.Length; i++)
            Add(changes, wrt[i], tangents[i]);
        foreach (var y in Expr.Nodes([.. ys]))
        {
            if (!y.DType.IsFloat() || held.Contains(y) || !y.Operands.Any(changes.ContainsKey))
                continue;
            using var from = Origins.From(y, $"tangent of {y.Op.Name}");
            if (y.Op.Jvp(y, [.. y.Operands.Select(changes.GetValueOrDefault)]) is { } dy)
                Add(changes, y, dy.BroadcastTo(y.Shape));
        }
        return [.. ys.Select(changes.GetValueOrDefault)];
    }

    static void Add(Dictionary<Expr, Expr> changes, Expr x, Expr dx) => changes[x] = changes.TryGetValue(x, out var sum) ? sum + dx : dx;
}
