using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes matrix products: B is packed into panels as wide as a register tile; a tile of A's rows by one panel is accumulated in registers
/// over a stretch of k, and the epilogue runs on the tile while it is there. Each element of the product is one chain of fused multiply-adds
/// in ascending k, or, where k is long, the sum of such chains (<see cref="LongSums"/>), so neither tiles nor threads change a bit.
/// (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication".)
/// </summary>
sealed class GemmEmitter
{
    const int MostDepth = 1280;
    const int MostTiles = 8;
    const int NearBytes = 20 << 10;
    const int BlockBytes = 192 << 10;

    readonly GemmStep _step;
    readonly Lanes _lanes;
    readonly Code _code = new();
    readonly int _batch;
    readonly int _m;
    readonly int _n;
    readonly int _k;
    readonly int _tile;
    readonly int _vectors;
    readonly int _workers;
    readonly bool _packs;
    readonly ChainLines? _lines;
    readonly TileEpilogue _epilogue;

    GemmEmitter(GemmStep step, Lanes lanes, int workers)
    {
        (_step, _lanes, _workers) = (step, lanes, workers);
        int[] dims = step.Product.Shape.ToArray();
        (_m, _n) = (dims[^2], dims[^1]);
        _batch = dims[..^2].Aggregate(1, (p, d) => p * d);
        _k = step.Product.Operands[0].Shape.Dims[^1].Value;
        (_tile, _vectors) = step.Tile ?? GemmTile.Choose(lanes, _n);
        // whole vectors of a small B are read in place: it stays in L1
        bool near = _n % lanes.Count == 0 && (long)_k * _n * lanes.Type.ByteSize() <= NearBytes;
        _packs = step.TransposeB || step.Computed.Contains(step.B) || (_m > 2 * _tile && !near);
        _lines = ChainLines.Of(step, step.A, lanes, _code);
        _epilogue = new(step, lanes, _code, workers, _tile, Width);
    }

    /// <summary>Counts the tiles that share a panel while it is near: as many as leave room for it in L2.</summary>
    int TilesPerBlock => (int)Math.Clamp(BlockBytes / Math.Max(1, (long)_tile * Depth * _lanes.Type.ByteSize()), 2, MostTiles);

    int Width => _vectors * _lanes.Count;
    int Panels => (_n + Width - 1) / Width;
    int Tiles => (_m + _tile - 1) / _tile;
    bool IsLong => LongSums.Cuts(_k);
    int DepthBlocks => IsLong ? (_k + Depth - 1) / Depth : Stretches;
    int Depth => IsLong ? Even((_k + Stretches - 1) / Stretches, LongSums.Block) : (_k + Stretches - 1) / Stretches;
    int Stretches => Math.Max(1, (_k + MostDepth - 1) / MostDepth);
    int Levels => LongSums.Levels(LongSums.Blocks(_k));
    long TileElements => (long)_tile * Width;

    static int Even(int extent, int by) => (extent + by - 1) / by * by;

    Slot PackSlot => new Slot.Temporary(_step.Product, "panels", (long)_batch * Panels * _k * Width * _lanes.Type.ByteSize());

    PanelSource Source =>
        new(new Slot.Node(_step.B), _step.TransposeB ? _k : _n, (batch, _) => Times(batch, (long)_k * _n), _step.TransposeB)
        {
            Lines = code => ChainLines.Of(_step, _step.B, _lanes, code),
            Lead = _step.LeadOf(_step.B),
        };

    /// <summary>Gives the kernels: the packing, when it pays, and the product.</summary>
    public static List<KernelCode> Emit(GemmStep step, Lanes lanes, int workers)
    {
        if (step.IsNarrow)
            return [NarrowGemmEmitter.Emit(step, lanes, workers)];
        var emitter = new GemmEmitter(step, lanes, workers);
        var kernels = new List<KernelCode>();
        if (step.Product.Shape.Size == 0)
            return kernels;
        if (emitter._packs && emitter._k > 0)
            kernels.Add(
                PanelEmitter.Emit(lanes, emitter.PackSlot, emitter.Source, emitter._batch, 1, emitter._k, emitter._n, emitter.Width)
            );
        kernels.Add(emitter.Kernel());
        return kernels;
    }

    KernelCode Kernel()
    {
        var (batch, first, last) = (_code.Long("batch"), _code.Long("first"), _code.Long("last"));
        Expression body;
        if (_batch == 1)
        {
            body = Block(Assign(batch, Constant(0L)), Blocks(batch, first, last, _code.From, _code.To));
        }
        else
        {
            body = Block(
                Assign(batch, _code.From),
                While(batch, _code.To, 1, Blocks(batch, first, last, Constant(0L), Constant((long)Tiles)))
            );
        }
        double work = (double)_batch * _m * _n * Math.Max(1, _k) / 4;
        return _code.Close($"{_step.LeadOf(_step.A)}gemm {_m}x{_k}x{_n}{_step.Epilogue}", body, _batch == 1 ? Tiles : _batch, work);
    }

    /// <summary>Writes the loops around the tiles: blocks of rows, blocks of depth, panels.</summary>
    Expression Blocks(Expression batch, ParameterExpression first, ParameterExpression last, Expression from, Expression to)
    {
        var (depth, panel) = (_code.Long("depth"), _code.Long("panel"));
        int whole = _n / Width,
            rest = _n % Width;
        var panels = new List<Expression> { Compute(batch, depth, first, last), Assign(panel, Constant(0L)) };
        if (whole > 0)
            panels.Add(While(panel, Constant((long)whole), 1, Tile(batch, depth, panel, first, last, Width)));
        if (rest > 0)
            panels.Add(Tile(batch, depth, panel, first, last, rest));
        var depths = new List<Expression> { Assign(depth, Constant(0L)) };
        if (DepthBlocks == 1)
            depths.AddRange(panels);
        else
            depths.Add(While(depth, Constant((long)DepthBlocks), 1, panels));
        return Block(
            Assign(first, from),
            While(
                first,
                to,
                TilesPerBlock,
                [Assign(last, Plus(first, TilesPerBlock)), IfThen(GreaterThan(last, to), Assign(last, to)), .. depths]
            )
        );
    }

    /// <summary>Writes the loop over the row tiles of a block, for one panel of so many columns.</summary>
    Expression Tile(Expression batch, Expression depth, Expression panel, Expression first, Expression last, int columns)
    {
        var tile = _code.Long("tile");
        int whole = _m / _tile,
            rest = _m % _tile;
        Expression full = whole > 0 ? Micro(batch, depth, panel, first, tile, _tile, columns) : Empty();
        Expression edge = rest > 0 ? Micro(batch, depth, panel, first, tile, rest, columns) : Empty();
        var choice =
            rest == 0 ? full
            : whole == 0 ? edge
            : IfThenElse(LessThan(tile, Constant((long)whole)), full, edge);
        return Block(Assign(tile, first), While(tile, last, 1, choice));
    }

    /// <summary>Writes one register tile: rows x columns accumulators over a block of depth, then the epilogue.</summary>
    BlockExpression Micro(Expression batch, Expression depth, Expression panel, Expression first, Expression tile, int rows, int columns)
    {
        int vectors = (columns + _lanes.Count - 1) / _lanes.Count,
            strideK = _packs ? Width : _n;
        var (row, column) = (_code.Long("row"), _code.Long("column"));
        var (at, from, k, rounds) = (_code.Long("a"), _code.Long("b"), _code.Long("k"), _code.Long("rounds"));
        var sums = new RegisterTile(_code, _lanes, rows, vectors);
        var (strideI, strideA) =
            _lines is not null ? (_step.TransposeA ? (1, Side) : (Side, 1))
            : _step.TransposeA ? (1, _m)
            : (_k, 1);
        Expression pointerA = _lines is not null ? Computed : _code.Address(new Slot.Node(_step.A)),
            pointerB = _code.Address(_packs && _k > 0 ? PackSlot : new Slot.Node(_step.B));

        long[] rowsA = [.. Enumerable.Range(0, rows).Select(i => (long)i * strideI)];
        var lines = new List<Expression>
        {
            Assign(row, Times(tile, _tile)),
            Assign(column, Times(panel, Width)),
            Assign(k, Times(depth, Depth)),
            Assign(
                at,
                _lines is not null
                    ? Times(Subtract(row, Times(first, _tile)), strideI)
                    : Add(Batch(batch, (long)_m * _k), Add(Times(row, strideI), Times(k, strideA)))
            ),
            Assign(
                from,
                _packs
                    ? Add(Times(Add(Batch(batch, Panels), panel), (long)_k * Width), Times(k, Width))
                    : Add(Batch(batch, (long)_k * _n), Add(column, Times(k, _n)))
            ),
        };
        if (IsLong)
        {
            lines.AddRange(Long());
            return Block(lines);
        }
        lines.Add(sums.Clear());
        var partial = DepthBlocks > 1 ? Partial : null;
        Expression PartialAt(int i, int v) => Plus(Add(Times(Plus(row, i), Panels * Width), column), v * _lanes.Count);
        if (partial is not null)
            lines.Add(
                IfThen(
                    GreaterThan(depth, Constant(0L)),
                    sums.Each((i, v) => Assign(sums.Sums[i, v], _lanes.Load(_lanes.Type, partial, PartialAt(i, v))))
                )
            );
        if (DepthBlocks > 1)
            lines.Add(Assign(rounds, MinOf(Constant((long)Depth), Subtract(Constant((long)_k), k))));
        lines.Add(
            sums.Accumulate(
                (pointerA, at),
                rowsA,
                (pointerB, from),
                [DepthBlocks == 1 ? new(_k, strideA, strideK) : new(rounds, strideA, strideK)]
            )
        );
        var finish = Finish();
        if (partial is null)
            lines.AddRange(finish);
        else
            lines.Add(
                IfThenElse(
                    LessThan(depth, Constant(DepthBlocks - 1L)),
                    sums.Each((i, v) => _lanes.Store(_lanes.Type, sums.Sums[i, v], partial, PartialAt(i, v))),
                    Block(finish)
                )
            );
        return Block(lines);

        List<Expression> Finish() => _epilogue.Finish(sums.Sums, Add(Batch(batch, _m), row), 1, column, columns);

        // the sums of a stretch's blocks go to the tile's tower; the last stretch takes the total
        IEnumerable<Expression> Long()
        {
            var tower = new SumTower(_code, _lanes, Towers, TileElements);
            var (start, last, end) = (_code.Long("start"), _code.Long("last"), _code.Long("end"));
            var places = sums.List((i, v) => (long)i * Width + v * _lanes.Count);
            yield return Assign(start, Times(Add(Times(Subtract(tile, first), Panels), panel), Levels * TileElements));
            yield return Assign(tower.Count, Times(depth, Depth / LongSums.Block));
            yield return Assign(last, Add(from, Times(MinOf(Constant((long)Depth), Subtract(Constant((long)_k), k)), strideK)));
            yield return DoWhile(
                LessThan(from, last),
                Assign(end, MinOf(Plus(from, (long)LongSums.Block * strideK), last)),
                sums.AccumulateBlock((pointerA, at), rowsA, (pointerB, from), end, strideA, strideK),
                tower.Push(start, places),
                tower.Next()
            );
            yield return IfThen(Equal(depth, Constant(DepthBlocks - 1L)), Block([tower.Total(start, places), .. Finish()]));
        }
    }

    /// <summary>Gives the address of the towers of a block of tiles, where a long sum's blocks are added up; this thread's own.</summary>
    Expression Towers
    {
        get
        {
            long bytes = (long)TilesPerBlock * Panels * Levels * TileElements * _lanes.Type.ByteSize();
            return _code.Scratch(_step.Product, "towers", (bytes + 127) / 64 * 64, _workers);
        }
    }

    /// <summary>Counts the elements from one line of a computed block of A to the next, in whole vectors.</summary>
    int Side => ((_step.TransposeA ? TilesPerBlock * _tile : Depth) + _lanes.Count - 1) / _lanes.Count * _lanes.Count;

    /// <summary>Gives the address of the block of A that this thread computes: the rows of a few tiles, over a block of depth.</summary>
    Expression Computed
    {
        get
        {
            int lines = _step.TransposeA ? Depth : TilesPerBlock * _tile;
            return _code.Scratch(_step.Product, "factor", ((long)Side * lines * _lanes.Type.ByteSize() + 319) / 64 * 64, _workers);
        }
    }

    /// <summary>Computes the block of A that the tiles are about to read, where no buffer holds A: each element once for the whole product.</summary>
    Expression Compute(Expression batch, Expression depth, Expression first, Expression last)
    {
        if (_lines is null)
            return Empty();
        var (line, lines, column, end, row, k) = (
            _code.Long("line"),
            _code.Long("lines"),
            _code.Long("column"),
            _code.Long("end"),
            _code.Long("row"),
            _code.Long("k")
        );
        var rows = Subtract(MinOf(Times(last, _tile), Constant((long)_m)), row);
        var rounds = MinOf(Constant((long)Depth), Subtract(Constant((long)_k), k));
        // a line is what lies together in memory: a row of A, or a column of it where it is transposed
        var (across, along) = _step.TransposeA ? (k, row) : (row, k);
        var vector = new List<Expression>();
        var value = _lines.Vector(column, vector);
        vector.Add(_lanes.Store(_lanes.Type, value, Computed, Add(Times(line, Side), Subtract(column, along))));
        return Block(
            Assign(row, Times(first, _tile)),
            Assign(k, Times(depth, Depth)),
            Assign(lines, _step.TransposeA ? rounds : rows),
            Assign(end, Add(along, _step.TransposeA ? rows : rounds)),
            Assign(line, Constant(0L)),
            While(
                line,
                lines,
                1,
                [
                    .. _lines.Begin(Add(Batch(batch, _step.TransposeA ? _k : _m), Add(across, line))),
                    Assign(column, along),
                    While(column, end, _lanes.Count, vector),
                ]
            )
        );
    }

    /// <summary>Gives the address of the sums so far of a product of many blocks of depth; threads that share a batch work on products of their own.</summary>
    Expression Partial
    {
        get
        {
            long bytes = (long)Tiles * _tile * Panels * Width * _lanes.Type.ByteSize();
            return _batch == 1
                ? _code.Address(new Slot.Temporary(_step.Product, "partial", bytes), write: true)
                : _code.Scratch(_step.Product, "partial", bytes, _workers);
        }
    }

    Expression Batch(Expression batch, long size) => _batch == 1 ? Constant(0L) : Times(batch, size);
}
