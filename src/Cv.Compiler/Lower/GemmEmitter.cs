using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes matrix products: B is packed into panels as wide as a register tile; a tile of A's rows by one panel is accumulated in registers
/// over a block of k, and the epilogue runs on the tile while it is there. Each element of the product is one chain of fused multiply-adds
/// in ascending k, so neither tiles nor threads change a bit. (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication".)
/// </summary>
sealed class GemmEmitter
{
    const int DepthBlock = 512;
    const int TilesPerBlock = 8;
    const int InlineEpilogue = 3;

    readonly GemmStep _step;
    readonly Lanes _lanes;
    readonly int _workers;
    readonly Code _code = new();
    readonly int _batch;
    readonly int _m;
    readonly int _n;
    readonly int _k;
    readonly int _tile;
    readonly int _vectors;
    readonly bool _packs;

    GemmEmitter(GemmStep step, Lanes lanes, int workers)
    {
        (_step, _lanes, _workers) = (step, lanes, workers);
        int[] dims = step.Product.Shape.ToArray();
        (_m, _n) = (dims[^2], dims[^1]);
        _batch = dims[..^2].Aggregate(1, (p, d) => p * d);
        _k = step.Product.Operands[0].Shape.Dims[^1].Value;
        (_tile, _vectors) = GemmTile.Choose(lanes, _n);
        _packs = step.TransposeB || _m > 2 * _tile;
    }

    int Width => _vectors * _lanes.Count;
    int Panels => (_n + Width - 1) / Width;
    int Tiles => (_m + _tile - 1) / _tile;
    int DepthBlocks => Math.Max(1, (_k + DepthBlock - 1) / DepthBlock);
    Slot PackSlot => new Slot.Temporary(_step.Product, "panels", (long)_batch * Panels * _k * Width * _lanes.Type.ByteSize());

    /// <summary>Gives the kernels: the packing, when it pays, and the product.</summary>
    public static List<KernelCode> Emit(GemmStep step, Lanes lanes, int workers)
    {
        var emitter = new GemmEmitter(step, lanes, workers);
        var kernels = new List<KernelCode>();
        if (step.Product.Shape.Size == 0)
            return kernels;
        if (emitter._packs && emitter._k > 0)
            kernels.Add(
                PanelEmitter.Emit(
                    lanes,
                    emitter.PackSlot,
                    new Slot.Node(step.B),
                    emitter._batch,
                    emitter._k,
                    emitter._n,
                    emitter.Width,
                    step.TransposeB
                )
            );
        kernels.Add(emitter.Kernel());
        return kernels;
    }

    KernelCode Kernel()
    {
        var (batch, first, last) = (
            _code.Local(typeof(long), "batch"),
            _code.Local(typeof(long), "first"),
            _code.Local(typeof(long), "last")
        );
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
        string epilogue = string.Concat(_step.Members.Skip(1).Select(m => "+" + m.Op.Name));
        return _code.Close($"gemm {_m}x{_k}x{_n}{epilogue}", body, _batch == 1 ? Tiles : _batch, work);
    }

    /// <summary>Writes the loops around the tiles: blocks of rows, blocks of depth, panels.</summary>
    Expression Blocks(Expression batch, ParameterExpression first, ParameterExpression last, Expression from, Expression to)
    {
        var (depth, panel) = (_code.Local(typeof(long), "depth"), _code.Local(typeof(long), "panel"));
        int whole = _n / Width,
            rest = _n % Width;
        var panels = new List<Expression> { Assign(panel, Constant(0L)) };
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
        var tile = _code.Local(typeof(long), "tile");
        int whole = _m / _tile,
            rest = _m % _tile;
        Expression full = whole > 0 ? Micro(batch, depth, panel, tile, _tile, columns) : Empty();
        Expression edge = rest > 0 ? Micro(batch, depth, panel, tile, rest, columns) : Empty();
        var choice =
            rest == 0 ? full
            : whole == 0 ? edge
            : IfThenElse(LessThan(tile, Constant((long)whole)), full, edge);
        return Block(Assign(tile, first), While(tile, last, 1, choice));
    }

    /// <summary>Writes one register tile: rows x columns accumulators over a block of depth, then the epilogue.</summary>
    BlockExpression Micro(Expression batch, Expression depth, Expression panel, Expression tile, int rows, int columns)
    {
        int vectors = (columns + _lanes.Count - 1) / _lanes.Count,
            strideK = _packs ? Width : _n;
        var (row, column) = (_code.Local(typeof(long), "row"), _code.Local(typeof(long), "column"));
        var (at, from, k, end) = (
            _code.Local(typeof(long), "a"),
            _code.Local(typeof(long), "b"),
            _code.Local(typeof(long), "k"),
            _code.Local(typeof(long), "kEnd")
        );
        var sums = new ParameterExpression[rows, vectors];
        var bs = Enumerable.Range(0, vectors).Select(v => _code.Local(_lanes.Vector, $"b{v}")).ToArray();
        var a = _code.Local(_lanes.Vector, "a");
        for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            sums[i, v] = _code.Local(_lanes.Vector, $"c{i}_{v}");
        var (strideI, strideA) = _step.TransposeA ? (1, _m) : (_k, 1);
        Expression pointerA = _code.Address(new Slot.Node(_step.A)),
            pointerB = _code.Address(_packs && _k > 0 ? PackSlot : new Slot.Node(_step.B));

        var lines = new List<Expression>
        {
            Assign(row, Times(tile, _tile)),
            Assign(column, Times(panel, Width)),
            Assign(k, Times(depth, DepthBlock)),
            Assign(end, DepthBlocks == 1 ? Constant((long)_k) : MinOf(Plus(k, DepthBlock), _k)),
            Assign(at, Add(Batch(batch, (long)_m * _k), Add(Times(row, strideI), Times(k, strideA)))),
            Assign(
                from,
                _packs
                    ? Add(Times(Add(Batch(batch, Panels), panel), (long)_k * Width), Times(k, Width))
                    : Add(Batch(batch, (long)_k * _n), Add(column, Times(k, _n)))
            ),
        };
        var partial = DepthBlocks > 1 ? _code.Address(PartialSlot, write: true) : null;
        Expression PartialAt(int i, int v) => Plus(Add(Times(Plus(row, i), Panels * Width), column), v * _lanes.Count);
        for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            lines.Add(Assign(sums[i, v], _lanes.Constant(0, _lanes.Type)));
        if (partial is not null)
            lines.Add(
                IfThen(
                    GreaterThan(depth, Constant(0L)),
                    Each(rows, vectors, (i, v) => Assign(sums[i, v], _lanes.Load(_lanes.Type, partial, PartialAt(i, v))))
                )
            );

        var inner = new List<Expression>();
        for (int v = 0; v < vectors; v++)
            inner.Add(Assign(bs[v], _lanes.Load(_lanes.Type, pointerB, Plus(from, v * _lanes.Count))));
        for (int i = 0; i < rows; i++)
        {
            inner.Add(Assign(a, _lanes.LoadOne(_lanes.Type, pointerA, Plus(at, (long)i * strideI))));
            for (int v = 0; v < vectors; v++)
                inner.Add(Assign(sums[i, v], _lanes.Call("FusedMultiplyAdd", a, bs[v], sums[i, v])));
        }
        inner.Add(Assign(at, Plus(at, strideA)));
        inner.Add(Assign(from, Plus(from, strideK)));
        lines.Add(While(k, end, 1, inner));

        var finish = Finish(batch, row, column, rows, columns, sums);
        if (partial is null)
            lines.AddRange(finish);
        else
            lines.Add(
                IfThenElse(
                    LessThan(depth, Constant(DepthBlocks - 1L)),
                    Each(rows, vectors, (i, v) => _lanes.Store(_lanes.Type, sums[i, v], partial, PartialAt(i, v))),
                    Block(finish)
                )
            );
        return Block(lines);
    }

    Slot PartialSlot => new Slot.Temporary(_step.Product, "partial", (long)Tiles * _tile * Panels * Width * _lanes.Type.ByteSize());

    static BlockExpression Each(int rows, int vectors, Func<int, int, Expression> line) =>
        Block(Enumerable.Range(0, rows).SelectMany(i => Enumerable.Range(0, vectors).Select(v => line(i, v))));

    static Expression MinOf(Expression a, long b) => Condition(LessThan(a, Constant(b)), a, Constant(b));

    Expression Batch(Expression batch, long size) => _batch == 1 ? Constant(0L) : Times(batch, size);

    /// <summary>
    /// Runs the epilogue on a tile: straight from the registers when it is short, else through a small square of scratch, in a loop over the
    /// rows, so that the code stays small.
    /// </summary>
    List<Expression> Finish(Expression batch, Expression row, Expression column, int rows, int columns, ParameterExpression[,] sums)
    {
        int vectors = sums.GetLength(1);
        var lines = new List<Expression>();
        if (_step.Members.Count <= 1 + InlineEpilogue)
        {
            for (int i = 0; i < rows; i++)
            for (int v = 0; v < vectors; v++)
                lines.AddRange(Epilogue(batch, Plus(row, i), Plus(column, v * _lanes.Count), sums[i, v], Part(columns, v)));
            return lines;
        }
        long bytes = ((long)_tile * Width * _lanes.Type.ByteSize() + 127) / 64 * 64;
        var scratch = Add(
            _code.Address(new Slot.Temporary(_step.Product, "tile", bytes * _workers), write: true),
            Times(_code.Worker, bytes)
        );
        for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            lines.Add(_lanes.Store(_lanes.Type, sums[i, v], scratch, Constant((long)i * Width + v * _lanes.Count)));
        var r = _code.Local(typeof(long), "r");
        var body = new List<Expression>();
        for (int v = 0; v < vectors; v++)
        {
            var value = _code.Local(_lanes.Vector, "c");
            body.Add(Assign(value, _lanes.Load(_lanes.Type, scratch, Plus(Times(r, Width), v * _lanes.Count))));
            body.AddRange(Epilogue(batch, Add(row, r), Plus(column, v * _lanes.Count), value, Part(columns, v)));
        }
        lines.Add(Assign(r, Constant(0L)));
        lines.Add(While(r, Constant((long)rows), 1, body));
        return lines;
    }

    ConstantExpression? Part(int columns, int vector)
    {
        int left = columns - vector * _lanes.Count;
        return left >= _lanes.Count ? null : Constant((long)left);
    }

    /// <summary>Computes the fused nodes for one vector of the product, and stores what leaves the kernel.</summary>
    List<Expression> Epilogue(Expression batch, Expression row, Expression column, ParameterExpression value, Expression? part)
    {
        var lines = new List<Expression>();
        var values = new Dictionary<Expr, Expression> { [_step.Product] = value };
        var loads = new Dictionary<Expr, Expression>();
        // last of all: a stored value may take the place of one that the epilogue reads
        var stores = new List<Expression>();
        var (y, x, full) = (_code.Local(typeof(long), "y"), _code.Local(typeof(long), "x"), _code.Local(typeof(long), "at"));
        lines.Add(Assign(y, row));
        lines.Add(Assign(x, column));
        lines.Add(Assign(full, Add(Batch(batch, (long)_m * _n), Add(Times(y, _n), x))));
        foreach (var m in _step.Members)
        {
            if (m != _step.Product)
            {
                var local = _code.Local(_lanes.VectorOf(m.DType), "v");
                lines.Add(Assign(local, Widen.Node(_lanes, m, [.. m.Operands.Select(Operand)])));
                values[m] = local;
            }
            if (_step.Stored.Contains(m))
                stores.Add(_lanes.Store(m.DType, values[m], _code.Address(new Slot.Node(m), write: true), full, part));
        }
        lines.AddRange(stores);
        return lines;

        Expression Operand(Expr o)
        {
            var source = Geometry.Source(o);
            if (values.TryGetValue(source, out var known))
                return known;
            if (source.Op is Const c)
                return _lanes.Constant(c.Value, c.DType);
            if (loads.TryGetValue(o, out var load))
                return load;
            var local = _code.Local(_lanes.VectorOf(o.DType), "l");
            lines.Add(Assign(local, Load(o, source)));
            return loads[o] = local;
        }

        Expression Load(Expr o, Expr source)
        {
            if (o.Op is Iota iota)
            {
                if (iota.Axis == o.Shape.Rank - 1 && !o.Shape.Dims[^1].IsOne)
                    return _lanes.Indices(x, o.DType);
                Expression index = iota.Axis == o.Shape.Rank - 2 && !o.Shape.Dims[^2].IsOne ? y : Constant(0L);
                return _lanes.Broadcast(Convert(index, o.DType == DType.I32 ? _lanes.Integer : _lanes.Float));
            }
            var address = _code.Address(new Slot.Node(source));
            if (o.Shape == _step.Product.Shape)
                return _lanes.Load(o.DType, address, full);
            if (o.Shape.Size == 1)
                return _lanes.LoadOne(o.DType, address, Constant(0L));
            // what else may join has rank 2: a row, or a column
            return o.Shape[1].IsOne ? _lanes.LoadOne(o.DType, address, y) : _lanes.Load(o.DType, address, x);
        }
    }
}
