using System.Linq.Expressions;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes one register tile: rows by vectors of accumulators, and a nest of loops that adds the product of one element of each row by one
/// vector of each column. What rows and loops mean is the caller's: a product's k, or the taps and channels of a convolution.
/// </summary>
sealed class RegisterTile
{
    const int MostUnrolled = 128;

    readonly Code _code;
    readonly Lanes _lanes;
    readonly ParameterExpression[] _b;
    readonly ParameterExpression _a;

    public RegisterTile(Code code, Lanes lanes, int rows, int vectors)
    {
        (_code, _lanes) = (code, lanes);
        Sums = new ParameterExpression[rows, vectors];
        _b = [.. Enumerable.Range(0, vectors).Select(v => code.Local(lanes.Vector, $"b{v}"))];
        _a = code.Local(lanes.Vector, "a");
        foreach (var (i, v) in Places)
            Sums[i, v] = code.Local(lanes.Vector, $"c{i}_{v}");
    }

    /// <summary>Gives the accumulators, by row and vector.</summary>
    public ParameterExpression[,] Sums { get; }

    public int Rows => Sums.GetLength(0);

    public int Vectors => Sums.GetLength(1);

    IEnumerable<(int Row, int Vector)> Places => from i in Enumerable.Range(0, Rows) from v in Enumerable.Range(0, Vectors) select (i, v);

    /// <summary>Writes a line for each accumulator, by row and vector.</summary>
    public BlockExpression Each(Func<int, int, Expression> line) => Block(Places.Select(p => line(p.Row, p.Vector)).Append(Empty()));

    /// <summary>Lists the accumulators with where each stands in memory.</summary>
    public List<(ParameterExpression Sum, long At)> List(Func<int, int, long> at) =>
        [.. Places.Select(p => (Sums[p.Row, p.Vector], at(p.Row, p.Vector)))];

    /// <summary>Sets all accumulators to 0.</summary>
    public BlockExpression Clear() => Each((i, v) => Assign(Sums[i, v], _lanes.Constant(0, _lanes.Type)));

    /// <summary>Writes the loops.</summary>
    /// <param name="a">The left side's address, and the local that holds where the tile starts in it, which is moved.</param>
    /// <param name="rows">Where each row stands from there.</param>
    /// <param name="b">The right side's address, and the local that holds where the tile starts in it, which is moved.</param>
    /// <param name="loops">The loops, outermost first.</param>
    /// <param name="lanewise">Tells that the left side has an element a lane, too: each vector of columns multiplies its own.</param>
    public Expression Accumulate(
        (Expression Address, ParameterExpression At) a,
        long[] rows,
        (Expression Address, ParameterExpression At) b,
        IReadOnlyList<TileLoop> loops,
        bool lanewise = false
    )
    {
        return Nest(Merge(loops), 0, a, rows, b, lanewise).Code;
    }

    /// <summary>Writes the loops of a long sum as chains of few products, each of which begins at 0 and is handed on.</summary>
    /// <param name="a">The left side's address, and the local that holds where the tile starts in it, which is moved.</param>
    /// <param name="rows">Where each row stands from there.</param>
    /// <param name="b">The right side's address, and the local that holds where the tile starts in it, which is moved.</param>
    /// <param name="loops">The loops, outermost first.</param>
    /// <param name="lanewise">Tells that the left side has an element a lane, too.</param>
    /// <param name="hand">Writes what becomes of the accumulators behind each chain.</param>
    public Expression AccumulateChains(
        (Expression Address, ParameterExpression At) a,
        long[] rows,
        (Expression Address, ParameterExpression At) b,
        IReadOnlyList<TileLoop> loops,
        bool lanewise,
        Func<IEnumerable<Expression>> hand
    )
    {
        var chains = TileChains.Of(Merge(loops));
        var inner = Nest(chains.Inner, 0, a, rows, b, lanewise);
        if (chains.Cut is not { } cut)
            return Block([Clear(), inner.Code, .. hand()]);
        var (done, count, last) = (_code.Long("done"), _code.Long("count"), _code.Long("chainEnd"));
        Expression[] step =
        [
            inner.Code,
            Assign(a.At, Plus(a.At, cut.StepA - inner.MovedA)),
            Assign(b.At, Plus(b.At, cut.StepB - inner.MovedB)),
        ];
        List<Expression> chain = [Clear(), Assign(count, MinOf(Constant(chains.Rounds), Subtract(cut.Count, done)))];
        if (cut.StepB > 0)
            chain.AddRange(Assign(last, Add(b.At, Times(count, cut.StepB))), While(b.At, last, 0, step));
        else
            chain.AddRange(Assign(last, Constant(0L)), While(last, count, 1, step));
        chain.AddRange(hand());
        Expression code = Block(Assign(done, Constant(0L)), While(done, cut.Count, chains.Rounds, chain));
        var moved = (A: (cut.Fixed ?? 0) * cut.StepA, B: (cut.Fixed ?? 0) * cut.StepB);
        foreach (var loop in chains.Outer.Reverse())
        {
            var round = _code.Long("round");
            code = Block(
                Assign(round, Constant(0L)),
                While(
                    round,
                    loop.Count,
                    1,
                    code,
                    Assign(a.At, Plus(a.At, loop.StepA - moved.A)),
                    Assign(b.At, Plus(b.At, loop.StepB - moved.B))
                )
            );
            moved = ((loop.Fixed ?? 0) * loop.StepA, (loop.Fixed ?? 0) * loop.StepB);
        }
        return code;
    }

    (Expression Code, long MovedA, long MovedB) Nest(
        IReadOnlyList<TileLoop> loops,
        int depth,
        (Expression Address, ParameterExpression At) a,
        long[] rows,
        (Expression Address, ParameterExpression At) b,
        bool lanewise
    )
    {
        if (depth == loops.Count)
            return (Block(Products(a, rows, b, 0, 0, lanewise)), 0, 0);
        var loop = loops[depth];
        if (depth == loops.Count - 1 && loop.Fixed is { } rounds && (rounds == 1 || rounds * Rows * Vectors <= MostUnrolled))
            return (
                Block(
                    Enumerable
                        .Range(0, (int)rounds)
                        .SelectMany(r => Products(a, rows, b, r * loop.StepA, r * loop.StepB, lanewise))
                        .Append(Empty())
                ),
                0,
                0
            );
        var (inner, movedA, movedB) = Nest(loops, depth + 1, a, rows, b, lanewise);
        if (loop.Fixed == 1)
            return (inner, movedA, movedB);
        var lines = new List<Expression> { inner };
        if (loop.StepA != movedA)
            lines.Add(Assign(a.At, Plus(a.At, loop.StepA - movedA)));
        if (loop.StepB != movedB)
            lines.Add(Assign(b.At, Plus(b.At, loop.StepB - movedB)));
        if (loop.Fixed is { } count)
        {
            if (loop.StepB > 0)
            {
                var end = _code.Long("bEnd");
                return (
                    Block(Assign(end, Plus(b.At, count * loop.StepB)), While(b.At, end, 0, lines)),
                    count * loop.StepA,
                    count * loop.StepB
                );
            }
        }
        var k = _code.Long("k");
        long fixedCount = loop.Fixed ?? 0;
        return (Block(Assign(k, Constant(0L)), While(k, loop.Count, 1, lines)), fixedCount * loop.StepA, fixedCount * loop.StepB);
    }

    /// <summary>
    /// Writes one block of a long sum: the accumulators become a chain of their own, whose first product is rounded as it is. What they held is not read, so that
    /// no register need keep it.
    /// </summary>
    /// <param name="a">The left side's address, and the local that holds where the block starts in it, which is moved.</param>
    /// <param name="rows">Where each row stands from there.</param>
    /// <param name="b">The right side's address, and the local that holds where the block starts in it, which is moved.</param>
    /// <param name="end">Where the block ends in the right side; it holds one term at least.</param>
    /// <param name="stepA">The elements from one term to the next in the left side.</param>
    /// <param name="stepB">The elements from one term to the next in the right side, more than 0.</param>
    public BlockExpression AccumulateBlock(
        (Expression Address, ParameterExpression At) a,
        long[] rows,
        (Expression Address, ParameterExpression At) b,
        Expression end,
        long stepA,
        long stepB
    )
    {
        Expression[] move = [Assign(a.At, Plus(a.At, stepA)), Assign(b.At, Plus(b.At, stepB))];
        return Block([
            .. Products(a, rows, b, 0, 0, isFirst: true),
            .. move,
            While(b.At, end, 0, [.. Products(a, rows, b, 0, 0), .. move]),
        ]);
    }

    IEnumerable<Expression> Products(
        (Expression Address, ParameterExpression At) a,
        long[] rows,
        (Expression Address, ParameterExpression At) b,
        long atA,
        long atB,
        bool lanewise = false,
        bool isFirst = false
    )
    {
        for (int v = 0; v < Vectors; v++)
            yield return Assign(_b[v], _lanes.Load(_lanes.Type, b.Address, Plus(b.At, atB + v * _lanes.Count)));
        for (int i = 0; i < Rows; i++)
        {
            if (!lanewise)
                yield return Assign(_a, _lanes.LoadOne(_lanes.Type, a.Address, Plus(a.At, atA + rows[i])));
            for (int v = 0; v < Vectors; v++)
            {
                if (lanewise)
                    yield return Assign(_a, _lanes.Load(_lanes.Type, a.Address, Plus(a.At, atA + rows[i] + v * _lanes.Count)));
                yield return Assign(Sums[i, v], isFirst ? Multiply(_a, _b[v]) : _lanes.Call("FusedMultiplyAdd", _a, _b[v], Sums[i, v]));
            }
        }
    }

    /// <summary>Joins loops that move on as one, and drops those that run once.</summary>
    public static List<TileLoop> Merge(IReadOnlyList<TileLoop> loops)
    {
        var merged = new List<TileLoop>();
        foreach (var loop in loops)
        {
            if (loop.Fixed == 1)
                continue;
            if (
                merged.Count > 0
                && merged[^1] is { Fixed: { } outer } last
                && loop.Fixed is { } inner
                && last.StepA == inner * loop.StepA
                && last.StepB == inner * loop.StepB
            )
                merged[^1] = new(outer * inner, loop.StepA, loop.StepB);
            else
                merged.Add(loop);
        }
        return merged;
    }
}
