using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Lists the ways to grow by an op that holds a graph: scans and checkpoints, in each other too, whose bodies take nodes from outside.</summary>
static class BodyGrowths
{
    const int Deepest = 2;
    const int Longest = 4;

    public static ImmutableArray<Growth> All { get; } =
    [
        Body("checkpoint", n => n.Any() is var x ? x.Checkpoint(v => n.Grown([v])) : null),
        Body("checkpoint of two", n => n.Any() is var x && n.Any() is var z ? Expr.Checkpoint(v => n.Grown(v), x, z) : null),
        Body("scan", Scanned),
        Body("map", Mapped),
        Body("iterate", n => n.Any() is var x ? x.Iterate(n.Random.Next(Longest), v => Like(n.Grown([v]), v)) : null),
    ];

    static Growth Body(string name, Func<Nursery, Expr?> grow) => new(name, n => n.Depth < Deepest ? grow(n) : null);

    static Expr? Scanned(Nursery n)
    {
        var (state, xs) = (n.Any(), n.OfRank(1));
        if (xs.Shape[0].Value > Longest)
            xs = xs.Slice(0, 0, Longest);
        var (last, all) = Expr.Scan(
            [state],
            [xs],
            (s, x) => n.Grown([s[0], x[0]]) is var made ? ([Like(made, s[0])], [made.Tanh()]) : ([s[0]], [x[0]]),
            reverse: n.Random.Next(2) == 0
        );
        return n.Random.Next(2) == 0 ? last[0] : all[0];
    }

    static Expr? Mapped(Nursery n)
    {
        var xs = n.OfRank(1);
        if (xs.Shape[0].Value > Longest)
            xs = xs.Slice(0, 0, Longest);
        return Expr.Scan([], [xs], (_, x) => ([], [n.Grown(x)])).Outputs[0];
    }

    /// <summary>Gives a state's next value its shape, and keeps it small however often it is made.</summary>
    static Expr Like(Expr made, Expr state) =>
        (made.Shape == state.Shape ? made : made.Tanh().Mean().BroadcastTo(state.Shape)) is var next ? next.Tanh() + 0.5 * state : state;
}
