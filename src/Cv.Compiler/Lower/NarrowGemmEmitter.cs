using System.Linq.Expressions;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes products A^T B of few columns, such as the gradient of a classifier's weights. Vectors lie along the rows of the result, which are
/// contiguous in A, so that no lane is wasted on columns that are not there: a block of rows is summed up on its side in scratch memory, turned, and
/// handed to the epilogue as one run of elements. Each sum is the same chain in ascending k as in any other product, or the same sum of chains.
/// </summary>
sealed class NarrowGemmEmitter
{
    const int BlockRows = 256;
    const int Depth = 2 * LongSums.Block;
    const int Square = 8;

    readonly GemmStep _step;
    readonly Lanes _lanes;
    readonly int _workers;
    readonly Code _code = new();
    readonly int _m;
    readonly int _n;
    readonly int _k;

    NarrowGemmEmitter(GemmStep step, Lanes lanes, int workers)
    {
        (_step, _lanes, _workers) = (step, lanes, workers);
        (_m, _n) = (step.Product.Shape[0].Value, step.Product.Shape[1].Value);
        _k = step.Product.Operands[0].Shape[1].Value;
    }

    public static KernelCode Emit(GemmStep step, Lanes lanes, int workers) => new NarrowGemmEmitter(step, lanes, workers).Kernel();

    /// <summary>Gives the address of a piece of scratch memory that is this thread's own.</summary>
    ParameterExpression Scratch(string purpose, long elements, List<Expression> lines)
    {
        long bytes = (elements * _lanes.Type.ByteSize() + 319) / 64 * 64;
        var local = _code.Long(purpose);
        lines.Add(Assign(local, _code.Scratch(_step.Product, purpose, bytes, _workers)));
        return local;
    }

    KernelCode Kernel()
    {
        var (unit, start, rows, k, rounds, at) = (
            _code.Long("unit"),
            _code.Long("start"),
            _code.Long("rows"),
            _code.Long("k"),
            _code.Long("rounds"),
            _code.Long("at")
        );
        var (tileRows, vectors) = GemmTile.Choose(_lanes, 2 * _lanes.Count);
        int width = vectors * _lanes.Count;
        var once = new List<Expression>();
        // vectors past the last row are summed up too, and then left behind
        int side = BlockRows + width;
        long level = (long)Math.Max(Square, _n) * side;
        bool isLong = LongSums.Cuts(_k);
        var sideways = Scratch("sideways", level * (isLong ? LongSums.Levels(LongSums.Blocks(_k)) : 1), once);
        var upright = Scratch("upright", (long)BlockRows * _n + Square * Square, once);
        var tiles = new RowTiles(_n, tileRows);
        var body = new List<Expression>
        {
            Assign(start, Times(unit, BlockRows)),
            Assign(rows, MinOf(Constant((long)BlockRows), Subtract(Constant((long)_m), start))),
            Assign(k, Constant(0L)),
            While(
                k,
                Constant((long)_k),
                Depth,
                Assign(rounds, MinOf(Constant((long)Depth), Subtract(Constant((long)_k), k))),
                Assign(at, Constant(0L)),
                While(at, rows, width, tiles.List().Select(t => Tile(t.First, t.Rows)))
            ),
        };
        body.AddRange(Turn(sideways, side, upright, rows));
        body.AddRange(Finish(upright, start, rows));
        var all = Block([.. once, Assign(unit, _code.From), While(unit, _code.To, 1, body)]);
        double work = (double)_m * _n * _k / 4;
        return _code.Close($"gemm {_m}x{_k}x{_n}{_step.Epilogue}", all, (_m + BlockRows - 1) / BlockRows, work);

        Expression Tile(int first, int count)
        {
            var sums = new RegisterTile(_code, _lanes, count, vectors);
            var (a, b) = (_code.Long("a"), _code.Long("b"));
            long Place(int i, int v) => (long)(first + i) * side + v * _lanes.Count;
            Expression At(int i, int v) => Plus(at, Place(i, v));
            if (isLong)
                return Long();
            return Block(
                IfThenElse(
                    Equal(k, Constant(0L)),
                    sums.Clear(),
                    sums.Each((i, v) => Assign(sums.Sums[i, v], _lanes.Load(_lanes.Type, sideways, At(i, v))))
                ),
                Assign(a, Plus(Times(k, _n), first)),
                Assign(b, Add(Times(k, _m), Add(start, at))),
                sums.Accumulate(
                    (_code.Address(new Slot.Node(_step.B)), a),
                    [.. Enumerable.Range(0, count).Select(i => (long)i)],
                    (_code.Address(new Slot.Node(_step.A)), b),
                    [new(rounds, _n, _m)]
                ),
                sums.Each((i, v) => _lanes.Store(_lanes.Type, sums.Sums[i, v], sideways, At(i, v)))
            );

            Expression Long()
            {
                var tower = new SumTower(_code, _lanes, sideways, level);
                var (last, end) = (_code.Long("last"), _code.Long("end"));
                var places = sums.List(Place);
                return Block(
                    Assign(a, Plus(Times(k, _n), first)),
                    Assign(b, Add(Times(k, _m), Add(start, at))),
                    Assign(tower.Count, Divide(k, Constant((long)LongSums.Block))),
                    Assign(last, Add(b, Times(rounds, _m))),
                    DoWhile(
                        LessThan(b, last),
                        Assign(end, MinOf(Plus(b, (long)LongSums.Block * _m), last)),
                        sums.AccumulateBlock(
                            (_code.Address(new Slot.Node(_step.B)), a),
                            [.. Enumerable.Range(0, count).Select(i => (long)i)],
                            (_code.Address(new Slot.Node(_step.A)), b),
                            end,
                            _n,
                            _m
                        ),
                        tower.Push(at, places),
                        tower.Next()
                    ),
                    IfThen(
                        Equal(Add(k, rounds), Constant((long)_k)),
                        Block(tower.Total(at, places), sums.Each((i, v) => _lanes.Store(_lanes.Type, sums.Sums[i, v], sideways, At(i, v))))
                    )
                );
            }
        }
    }

    /// <summary>Exchanges the rows and columns of the block. Squares may spill over into the next row, which comes after.</summary>
    IEnumerable<Expression> Turn(Expression sideways, int side, Expression upright, Expression rows)
    {
        var (i, end) = (_code.Long("i"), _code.Long("end"));
        Expression Single(Expression row, int column) =>
            Lanes.Memory(
                "Write",
                [_lanes.Float],
                Lanes.Memory("Read", [_lanes.Float], sideways, Plus(row, (long)column * side)),
                upright,
                Plus(Times(row, _n), column)
            );
        int turned =
            _lanes.Type == DType.F32
                ? _n < Square
                    ? _n
                    : _n / Square * Square
                : 0;
        if (turned > 0)
        {
            var squares = new List<Expression>();
            for (int j = 0; j < turned; j += Square)
                squares.Add(
                    Calling(
                        typeof(VectorMemory),
                        nameof(VectorMemory.TransposeEight),
                        sideways,
                        Plus(i, (long)j * side),
                        Constant((long)side),
                        upright,
                        Plus(Times(i, _n), j),
                        Constant((long)_n)
                    )
                );
            yield return Assign(i, Constant(0L));
            yield return While(i, rows, Square, squares);
        }
        if (turned < _n)
        {
            yield return Assign(i, Constant(0L));
            yield return While(i, rows, 1, Enumerable.Range(turned, _n - turned).Select(j => Single(i, j)));
        }
    }

    /// <summary>Runs the epilogue along the block as one run of elements.</summary>
    IEnumerable<Expression> Finish(Expression upright, Expression start, Expression rows)
    {
        var (j, size, value) = (_code.Long("j"), _code.Long("size"), _code.Local(_lanes.Vector, "c"));
        var epilogue = new TileEpilogue(_step, _lanes, _code, _workers, 1, _lanes.Count);
        IEnumerable<Expression> Vector(int columns) =>
            [
                Assign(value, _lanes.Load(_lanes.Type, upright, j)),
                .. epilogue.Finish(
                    new[,]
                    {
                        { value },
                    },
                    Constant(0L),
                    1,
                    Add(Times(start, _n), j),
                    columns
                ),
            ];
        yield return Assign(j, Constant(0L));
        yield return Assign(size, Times(rows, _n));
        yield return While(j, Plus(size, 1 - _lanes.Count), _lanes.Count, Vector(_lanes.Count));
        // whole blocks, and the last one, leave the same few elements, or none
        int rest = (int)((long)BlockRows * _n % _lanes.Count),
            last = (int)((long)_m % BlockRows * _n % _lanes.Count);
        if (_m >= BlockRows && rest > 0)
            yield return IfThen(Equal(rows, Constant((long)BlockRows)), Block(Vector(rest)));
        if (last > 0)
            yield return IfThen(LessThan(rows, Constant((long)BlockRows)), Block(Vector(last)));
    }
}
