using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes the kernel of a <see cref="LoopStep"/>: for each block of rows, for each row, one vector loop over the columns per phase. A phase
/// ends where the row's reductions are complete; what a later phase needs again is recomputed when cheap, else kept in a row of scratch.
/// </summary>
sealed class LoopEmitter
{
    const int MaxStraight = 4;

    readonly LoopStep _step;
    readonly Lanes _lanes;
    readonly LoopGeometry _shape;
    readonly Phases _phases;
    readonly Code _code = new();
    readonly int _workers;
    readonly ParameterExpression _block;
    readonly ParameterExpression _row;
    readonly ParameterExpression _base;
    readonly ParameterExpression _column;
    readonly ParameterExpression _count;
    readonly Dictionary<Expr, ParameterExpression> _rowValues = [];
    readonly Dictionary<string, ParameterExpression> _offsets = [];
    readonly Dictionary<(Expr, string), ParameterExpression> _rowLoads = [];
    readonly List<Expression> _rowStart = [];
    readonly List<KernelCode> _after = [];

    LoopEmitter(LoopStep step, Lanes lanes, int workers)
    {
        _step = step;
        _lanes = lanes;
        _workers = workers;
        _shape = new(step);
        _phases = new(step);
        (_block, _row, _base, _column, _count) = (
            _code.Local(typeof(long), "block"),
            _code.Local(typeof(long), "row"),
            _code.Local(typeof(long), "start"),
            _code.Local(typeof(long), "j"),
            _code.Local(typeof(long), "count")
        );
    }

    /// <summary>Gives the kernel, and the small ones that finish what it leaves in parts.</summary>
    public static List<KernelCode> Emit(LoopStep step, Lanes lanes, int workers)
    {
        var emitter = new LoopEmitter(step, lanes, workers);
        return [emitter.Kernel(), .. emitter._after];
    }

    KernelCode Kernel()
    {
        var once = new List<Expression>();
        foreach (var m in _step.Members.Where(m => _step.Roles[m] == Role.One))
            once.Add(Assign(RowValue(m), Widen.Node(_lanes, m, [.. m.Operands.Select(o => OneOperand(o))])));
        var tails = _step.Members.Where(m => _step.Roles[m] == Role.Tail).Select(m => new Tail(this, m)).ToList();
        var row = Row(tails);
        var body = new List<Expression>();
        body.AddRange(tails.Select(t => t.Begin()));
        var end = _code.Local(typeof(long), "end");
        body.Add(Assign(_row, Times(_block, _shape.RowsPerBlock)));
        body.Add(Assign(end, Add(_row, Constant((long)_shape.RowsPerBlock))));
        body.Add(IfThen(GreaterThan(end, Constant((long)_shape.Rows)), Assign(end, Constant((long)_shape.Rows))));
        body.Add(While(_row, end, 1, row));
        body.AddRange(tails.Select(t => t.End()));
        var units = Block([.. once, Assign(_block, _code.From), While(_block, _code.To, 1, body)]);
        string name = $"loop {string.Join('+', _step.Members.Select(m => m.Op.Name).Distinct().Take(6))}";
        return _code.Close(name, units, _shape.Blocks, (double)_shape.Size * Cost());
    }

    double Cost() => _step.Members.Sum(Cost);

    /// <summary>Estimates the instructions that an op takes for a vector.</summary>
    static int Cost(Expr m) => Fuse.IsCostly(m.Op) ? 20 : 1;

    List<Expression> Row(List<Tail> tails)
    {
        var lines = new List<Expression>();
        for (int level = 0; level <= _phases.Last; level++)
        {
            foreach (var m in _step.Members.Where(m => _step.Roles[m] == Role.Row && m.Op is not Reduction && _phases.Level[m] == level))
            {
                lines.Add(Assign(RowValue(m), Widen.Node(_lanes, m, [.. m.Operands.Select(o => RowOperand(o, m.Shape))])));
                StoreRow(m, lines);
            }
            Columns(level, tails, lines);
        }
        foreach (var tail in tails.Where(t => t.FoldsRows))
            lines.Add(tail.Add(RowOperand(tail.Node.Operands[0], tail.Node.Operands[0].Shape), 0));
        var count = _shape.IsFlat
            ? MinOf(Constant((long)_shape.Columns), Subtract(Constant((long)_shape.Size), _base))
            : Constant((long)_shape.Columns);
        return [Assign(_base, Times(_row, _shape.Columns)), Assign(_count, count), .. _rowStart, .. lines];
    }

    /// <summary>Writes the loop over the columns for one phase, and completes the row's reductions that it feeds.</summary>
    void Columns(int level, List<Tail> tails, List<Expression> lines)
    {
        var folds = _step.Members.Where(m => m.Op is Reduction && _step.Roles[m] == Role.Row && _phases.FedAt(m) == level).ToList();
        var feeds = tails.Where(t => !t.FoldsRows && _phases.FedAt(t.Node) == level).ToList();
        bool stores = _step.Members.Any(m => _phases.IsComputed(m, level));
        if (folds.Count == 0 && feeds.Count == 0 && !stores)
            return;
        int work = _step.Members.Where(m => _phases.IsComputed(m, level)).Sum(Cost) + folds.Count + feeds.Count;
        int width = _lanes.Count,
            full = _shape.Columns / width,
            rest = _shape.IsFlat ? _shape.Size % width : _shape.Columns % width;
        // a long body keeps the processor busy by itself, and its constants stay in registers when they are not wanted four times
        int unroll =
            work <= 4 && full >= 8 ? 4
            : work <= 10 && full >= 4 ? 2
            : 1;
        var sums = folds.ToDictionary(
            f => f,
            f => Enumerable.Range(0, unroll).Select(u => _code.Local(_lanes.VectorOf(f.DType), $"sum{u}")).ToArray()
        );
        foreach (var (fold, sum) in sums)
            lines.AddRange(sum.Select(s => Assign(s, _lanes.Seed((Reduction)fold.Op, fold.DType))));
        Expression Piece(int copy, Expression? part) => Block(Body(level, copy, part, sums, feeds));
        Expression At(int copy) => Piece(copy, null);
        lines.Add(Assign(_column, Constant(0L)));
        if (!_shape.IsFlat && full <= MaxStraight)
        {
            for (int i = 0; i < full; i++)
                lines.AddRange([At(0), Assign(_column, Plus(_column, width))]);
        }
        else
        {
            if (unroll > 1)
                lines.Add(
                    While(_column, Subtract(_count, Constant(unroll * width - 1L)), unroll * width, Enumerable.Range(0, unroll).Select(At))
                );
            if (unroll == 1 || full % unroll != 0 || _shape.IsFlat)
                lines.Add(While(_column, Subtract(_count, Constant(width - 1L)), width, At(0)));
        }
        if (rest != 0)
            lines.Add(IfThen(LessThan(_column, _count), Piece(0, Subtract(_count, _column))));
        foreach (var (fold, sum) in sums)
        {
            var op = (Reduction)fold.Op;
            var total = sum.Cast<Expression>().Aggregate((a, b) => _lanes.Combine(op, a, b));
            lines.Add(Assign(RowValue(fold), _lanes.Broadcast(_lanes.FoldLanes(op, total))));
            StoreRow(fold, lines);
        }
    }

    /// <summary>Writes one vector's worth of a phase; with a part, only so many lanes count.</summary>
    List<Expression> Body(int level, int copy, Expression? part, Dictionary<Expr, ParameterExpression[]> sums, List<Tail> feeds)
    {
        var lines = new List<Expression>();
        var values = new Dictionary<Expr, Expression>();
        var loads = new Dictionary<(Expr, string), Expression>();
        var j = Plus(_column, copy * _lanes.Count);
        // last of all: a stored value may take the place of one that the kernel reads
        var stores = new List<Expression>();
        ParameterExpression? mask = null;
        if (part is not null && (sums.Count > 0 || feeds.Exists(f => !f.FoldsColumns)))
            lines.Add(Assign(mask = _code.Local(_lanes.Vector, "mask"), _lanes.MaskBelow(part)));

        foreach (var m in _step.Members)
        {
            if (_phases.IsReloaded(m, level))
                values[m] = Keep(Reload(m, j), m.DType);
            if (!_phases.IsComputed(m, level))
                continue;
            var operands = m.Operands.Select(o => Operand(o, m.Shape)).ToList();
            var value = m.Op is Uniform random
                ? RandomBits.Of(
                    _lanes,
                    _code.Address(new Slot.Number(random.Key)),
                    operands[0],
                    Add(_base, j),
                    _shape.Rows == 1 || _shape.Columns % 2 == 0
                )
                : Widen.Node(_lanes, m, operands);
            values[m] = Keep(value, m.DType);
            if (_phases.Level[m] != level)
                continue;
            if (_step.Stored.Contains(m))
                stores.Add(_lanes.Store(m.DType, values[m], _code.Address(new Slot.Node(m), write: true), Add(_base, j), part));
            if (_phases.IsKept(m))
                lines.Add(_lanes.StoreRaw(m.DType, values[m], Scratch(m), j));
        }
        foreach (var (fold, sum) in sums)
            lines.Add(Assign(sum[copy], _lanes.Combine((Reduction)fold.Op, sum[copy], Masked(fold))));
        foreach (var feed in feeds)
            lines.Add(
                feed.FoldsColumns
                    ? feed.AddColumns(Operand(feed.Node.Operands[0], feed.Node.Operands[0].Shape), j, part)
                    : feed.Add(Masked(feed.Node), copy)
            );
        lines.AddRange(stores);
        return lines;

        Expression Keep(Expression value, DType type)
        {
            var local = _code.Local(_lanes.VectorOf(type), "v");
            lines.Add(Assign(local, value));
            return local;
        }

        Expression Masked(Expr fold)
        {
            var x = Operand(fold.Operands[0], fold.Operands[0].Shape);
            return mask is null ? x : _lanes.Select(mask, x, _lanes.Seed((Reduction)fold.Op, fold.DType));
        }

        Expression Operand(Expr o, Shape full)
        {
            var source = Geometry.Source(o);
            if (values.TryGetValue(source, out var value))
                return value;
            if (_step.Roles.ContainsKey(source))
                return RowValue(source);
            if (source.Op is Const c)
                return _lanes.Constant(c.Value, c.DType);
            if (Geometry.ColumnStride(o, full, _shape.IsFlat ? _shape.Size : _shape.Columns) == 0)
                return RowLoad(o, full, _shape.IsFlat ? _shape.Size : _shape.Columns);
            var offset = Offset(o, full, _shape.Columns);
            if (o.Op is Iota)
                return _lanes.Indices(Add(offset, j), o.DType);
            var key = (source, offset.Name!);
            if (!loads.TryGetValue(key, out var load))
                loads[key] = load = Keep(_lanes.Load(o.DType, _code.Address(new Slot.Node(source)), Add(offset, j)), o.DType);
            return load;
        }
    }

    Expression Reload(Expr m, Expression j) =>
        _step.Stored.Contains(m)
            ? _lanes.Load(m.DType, _code.Address(new Slot.Node(m)), Add(_base, j))
            : _lanes.LoadRaw(m.DType, Scratch(m), j);

    /// <summary>Gives the address of this thread's row of scratch for a value.</summary>
    Expression Scratch(Expr m)
    {
        long bytes = ((long)_shape.Columns * _lanes.Type.ByteSize() + 127) / 64 * 64;
        return Add(_code.Address(new Slot.Temporary(m, "scratch", bytes * _workers), write: true), Times(_code.Worker, bytes));
    }

    ParameterExpression RowValue(Expr m)
    {
        if (!_rowValues.TryGetValue(m, out var local))
            _rowValues[m] = local = _code.Local(_lanes.VectorOf(m.DType), "r");
        return local;
    }

    void StoreRow(Expr m, List<Expression> lines)
    {
        if (_step.Stored.Contains(m))
            lines.Add(_lanes.Store(m.DType, RowValue(m), _code.Address(new Slot.Node(m), write: true), _row, Constant(1L)));
    }

    Expression OneOperand(Expr o)
    {
        var source = Geometry.Source(o);
        return _step.Roles.ContainsKey(source) ? RowValue(source)
            : source.Op is Const c ? _lanes.Constant(c.Value, c.DType)
            : source.Op is Iota ? _lanes.Constant(0, o.DType)
            : _lanes.LoadOne(o.DType, _code.Address(new Slot.Node(source)), Constant(0L));
    }

    Expression RowOperand(Expr o, Shape full)
    {
        var source = Geometry.Source(o);
        return _step.Roles.ContainsKey(source) ? RowValue(source)
            : source.Op is Const c ? _lanes.Constant(c.Value, c.DType)
            : RowLoad(o, full, 1);
    }

    /// <summary>Loads, at the start of a row, the one element of an operand that the whole row uses.</summary>
    ParameterExpression RowLoad(Expr o, Shape full, int columns)
    {
        var offset = Offset(o, full, columns);
        var source = Geometry.Source(o);
        var key = (source, offset.Name!);
        if (_rowLoads.TryGetValue(key, out var local))
            return local;
        _rowLoads[key] = local = _code.Local(_lanes.VectorOf(o.DType), "b");
        var value =
            o.Op is Iota
                ? _lanes.Broadcast(Convert(offset, o.DType == DType.I32 ? _lanes.Integer : _lanes.Float))
                : _lanes.LoadOne(o.DType, _code.Address(new Slot.Node(source)), offset);
        _rowStart.Add(Assign(local, value));
        return local;
    }

    /// <summary>Gives the local that holds where the row starts in an operand; operands of one layout share it.</summary>
    ParameterExpression Offset(Expr o, Shape full, int columns)
    {
        var rows = Geometry.RowStrides(o, full, columns);
        if (_shape.IsFlat && columns == _shape.Columns)
            return _base;
        if (rows.Count == 1 && rows[0].Stride == columns && columns == _shape.Columns)
            return _base;
        string layout = string.Join(';', rows);
        if (_offsets.TryGetValue(layout, out var local))
            return local;
        _offsets[layout] = local = _code.Local(typeof(long), $"at{layout}");
        Expression sum = Constant(0L),
            rest = _row;
        for (int i = 0; i < rows.Count; i++)
        {
            var index = i == rows.Count - 1 ? rest : Modulo(rest, Constant((long)rows[i].Extent));
            if (rows[i].Stride != 0)
                sum = Add(sum, Times(index, rows[i].Stride));
            rest = Divide(rest, Constant((long)rows[i].Extent));
        }
        _rowStart.Add(Assign(local, sum));
        return local;
    }

    /// <summary>
    /// Folds across rows: into a vector per block that becomes one number, or into a row of memory per block. Several blocks leave parts,
    /// which a small kernel folds in order afterwards.
    /// </summary>
    sealed class Tail
    {
        readonly LoopEmitter _loop;
        readonly Reduction _op;
        readonly ParameterExpression[] _sums;
        readonly Slot _into;
        readonly int _width;

        public Tail(LoopEmitter loop, Expr node)
        {
            _loop = loop;
            Node = node;
            _op = (Reduction)node.Op;
            var role = loop._step.Roles.GetValueOrDefault(Geometry.Source(node.Operands[0]), Role.Full);
            FoldsRows = role == Role.Row;
            var (_, _, inner) = Geometry.Fold(node.Operands[0].Shape, _op.Axes);
            FoldsColumns = !FoldsRows && inner > 1;
            _width = FoldsColumns ? inner : 1;
            _sums = FoldsColumns
                ? []
                : [.. Enumerable.Range(0, 4).Select(u => loop._code.Local(loop._lanes.VectorOf(node.DType), $"total{u}"))];
            bool parts = loop._shape.Blocks > 1 && loop._step.Outer == 1;
            _into = parts
                ? new Slot.Temporary(node, "parts", (long)loop._shape.Blocks * _width * node.DType.ByteSize())
                : new Slot.Node(node);
            if (parts)
                loop._after.Add(Combine.Kernel(_op, node.DType, _into, new Slot.Node(node), loop._shape.Blocks, _width));
        }

        public Expr Node { get; }

        /// <summary>Tells that the operand is one value per row.</summary>
        public bool FoldsRows { get; }

        /// <summary>Tells that each column is folded by itself.</summary>
        public bool FoldsColumns { get; }

        ParameterExpression Address => _loop._code.Address(_into, write: true);

        public Expression Begin()
        {
            var lanes = _loop._lanes;
            var seed = lanes.Seed(_op, Node.DType);
            if (!FoldsColumns)
                return Block(_sums.Select(s => Assign(s, seed)));
            var j = _loop._column;
            int whole = _width / lanes.Count * lanes.Count;
            var lines = new List<Expression>
            {
                Assign(j, Constant(0L)),
                While(j, Constant((long)whole), lanes.Count, lanes.Store(Node.DType, seed, Address, At(j))),
            };
            if (whole < _width)
                lines.Add(lanes.Store(Node.DType, seed, Address, At(j), Constant((long)_width - whole)));
            return Block(lines);
        }

        public Expression Add(Expression value, int copy) => Assign(_sums[copy], _loop._lanes.Combine(_op, _sums[copy], value));

        public Expression AddColumns(Expression value, Expression j, Expression? part)
        {
            var lanes = _loop._lanes;
            return lanes.Store(Node.DType, lanes.Combine(_op, lanes.Load(Node.DType, Address, At(j)), value), Address, At(j), part);
        }

        public Expression End()
        {
            if (FoldsColumns)
                return Empty();
            var lanes = _loop._lanes;
            var total = _sums.Cast<Expression>().Aggregate((a, b) => lanes.Combine(_op, a, b));
            var one = FoldsRows ? total : lanes.Broadcast(lanes.FoldLanes(_op, total));
            return lanes.Store(Node.DType, one, Address, _loop._block, Constant(1L));
        }

        Expression At(Expression j) => Expression.Add(Times(_loop._block, _width), j);
    }
}
