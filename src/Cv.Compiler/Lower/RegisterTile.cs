using System.Linq.Expressions;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>Says how often one of the loops around a tile's multiply-adds runs, and how far it moves in both sides.</summary>
/// <param name="Count">The number of rounds; only the outermost loop's may be found as the kernel runs.</param>
/// <param name="StepA">The elements from one round to the next in the left side.</param>
/// <param name="StepB">The elements from one round to the next in the right side.</param>
readonly record struct TileLoop(Expression Count, long StepA, long StepB)
{
    public TileLoop(long count, long stepA, long stepB)
        : this(Constant(count), stepA, stepB) { }

    public long? Fixed => Count is ConstantExpression { Value: long n } ? n : null;
}

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
        var merged = Merge(loops);
        return Nest(0).Code;

        (Expression Code, long MovedA, long MovedB) Nest(int depth)
        {
            if (depth == merged.Count)
                return (Block(Multiply(0, 0)), 0, 0);
            var loop = merged[depth];
            if (depth == merged.Count - 1 && loop.Fixed is { } rounds && (rounds == 1 || rounds * Rows * Vectors <= MostUnrolled))
                return (
                    Block(Enumerable.Range(0, (int)rounds).SelectMany(r => Multiply(r * loop.StepA, r * loop.StepB)).Append(Empty())),
                    0,
                    0
                );
            var (inner, movedA, movedB) = Nest(depth + 1);
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

        IEnumerable<Expression> Multiply(long atA, long atB)
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
                    yield return Assign(Sums[i, v], _lanes.Call("FusedMultiplyAdd", _a, _b[v], Sums[i, v]));
                }
            }
        }
    }

    /// <summary>Joins loops that move on as one, and drops those that run once.</summary>
    static List<TileLoop> Merge(IReadOnlyList<TileLoop> loops)
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
