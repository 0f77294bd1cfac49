using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <remarks>
/// Rows too long for registers are walked once per phase. A phase ends where the row's reductions are complete; what a later phase needs again
/// is recomputed when cheap, else kept in a row of scratch.
/// </remarks>
sealed partial class LoopEmitter
{
    const int MaxStraight = 4;

    List<Expression> Rows()
    {
        BeginRow();
        var lines = new List<Expression>();
        for (int level = 0; level <= _phases.Last; level++)
        {
            foreach (var m in _step.Members.Where(m => _phases.IsPerRow(m, level)))
            {
                lines.Add(Assign(RowValue(m), Widen.Node(_lanes, m, [.. m.Operands.Select(o => RowOperand(o, m.Shape))])));
                StoreRow(m, lines);
            }
            Columns(level, lines);
        }
        foreach (var tail in _tails.Where(t => t.FoldsRows))
            lines.Add(tail.Add(RowOperand(tail.Node.Operands[0], tail.Node.Operands[0].Shape), 0));
        lines.AddRange(_tails.SelectMany(t => t.EndRow()));
        var count = _shape.IsFlat
            ? MinOf(Constant((long)_shape.Columns), Subtract(Constant((long)_shape.Size), _base))
            : Constant((long)_shape.Columns);
        var end = _code.Long("end");
        var (first, bound) = RowsOfBlock();
        return
        [
            Assign(_row, first),
            Assign(end, bound),
            While(_row, end, _shape.RowStep, [_rowStart[0], Assign(_count, count), .. _rowStart.Skip(1), .. lines]),
        ];
    }

    /// <summary>Writes the loop over the columns for one phase, and completes the row's reductions that it feeds.</summary>
    void Columns(int level, List<Expression> lines)
    {
        var folds = _step.Members.Where(m => _phases.IsRowFold(m) && _phases.FedAt(m) == level).ToList();
        var feeds = _tails.Where(t => !t.FoldsRows && _phases.FedAt(t.Node) == level).ToList();
        bool stores = _step.Members.Any(m => _phases.IsComputed(m, level));
        if (folds.Count == 0 && feeds.Count == 0 && !stores)
            return;
        int work = _step.Members.Where(m => _phases.IsComputed(m, level)).Sum(LoopGeometry.CostOf) + folds.Count + feeds.Count;
        int width = _lanes.Count,
            full = _shape.Columns / width,
            rest = _shape.IsFlat ? _shape.Size % width : _shape.Columns % width;
        // a long body keeps the processor busy by itself, and its constants stay in registers when they are not wanted four times
        int unroll =
            work <= 4 && full >= 8 ? 4
            : work <= 10 && full >= 4 ? 2
            : 1;
        var sums = folds.Select(f => new RowFold(this, f, unroll, full)).ToList();
        lines.AddRange(sums.SelectMany(s => s.Begin()));
        var longs = feeds.Where(t => t.IsLong && !t.FoldsColumns).ToList();
        longs.ForEach(t => t.AddsPerRow((full + unroll - 1) / unroll));
        // sums of more vectors are handed on within the row
        bool cuts = full / unroll > LongSums.Block && (longs.Count > 0 || sums.Exists(s => s.IsLong));
        Expression Walk(Expression bound, long step, IEnumerable<Expression> body) =>
            cuts
                ? Blocks(bound, step, body, [.. sums.SelectMany(s => s.Flush()), .. longs.Select(t => t.Flush())])
                : While(_column, bound, step, body);
        Expression At(int copy, Expression? part = null) => Block(Body(level, copy, part, sums, feeds));
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
                    Walk(
                        Subtract(_count, Constant(unroll * width - 1L)),
                        unroll * width,
                        Enumerable.Range(0, unroll).Select(copy => At(copy))
                    )
                );
            var last = Subtract(_count, Constant(width - 1L));
            if (unroll == 1)
                lines.Add(Walk(last, width, [At(0)]));
            else if (full % unroll != 0 || _shape.IsFlat)
                lines.Add(While(_column, last, width, At(0)));
        }
        if (rest != 0)
            lines.Add(_shape.IsFlat ? IfThen(LessThan(_column, _count), At(0, Subtract(_count, _column))) : At(0, Constant((long)rest)));
        foreach (var sum in sums)
        {
            var total = sum.End(lines);
            lines.Add(Assign(RowValue(sum.Node), _lanes.Broadcast(_lanes.FoldLanes((Reduction)sum.Node.Op, total))));
            StoreRow(sum.Node, lines);
        }
    }

    /// <summary>Writes one vector's worth of a phase; with a part, only so many lanes count.</summary>
    List<Expression> Body(int level, int copy, Expression? part, List<RowFold> sums, List<Tail> feeds)
    {
        var lines = new List<Expression>();
        // last of all: a stored value may take the place of one that the kernel reads
        var stores = new List<Expression>();
        Expression? mask = null;
        if (part is not null && (sums.Count > 0 || feeds.Exists(f => !f.FoldsColumns)))
            mask = _shape.IsFlat ? Keep(_lanes.MaskBelow(part), DType.Bool, lines) : Keep(_lanes.MaskBelow(part), DType.Bool, _once);
        var piece = new Piece(Plus(_column, copy * _lanes.Count), part, mask, null);
        foreach (var m in _step.Members)
        {
            if (_phases.IsReloaded(m, level))
                piece.Values[m] = Keep(Reload(m, piece.Column), m.DType, lines);
            if (!_phases.IsComputed(m, level))
                continue;
            var value = Compute(m, piece, lines);
            if (_phases.Level[m] != level)
                continue;
            if (_step.Stored.Contains(m))
                stores.Add(Store(m, value, piece));
            if (_phases.IsKept(m))
                lines.Add(_lanes.StoreRaw(m.DType, value, Scratch(m), piece.Column));
        }
        foreach (var fold in sums)
            lines.Add(Assign(fold.Sums[copy], _lanes.Combine((Reduction)fold.Node.Op, fold.Sums[copy], Masked(fold.Node, piece, lines))));
        foreach (var feed in feeds)
            lines.Add(
                feed.FoldsColumns
                    ? feed.AddColumns(Operand(feed.Node.Operands[0], feed.Node.Operands[0].Shape, piece, lines), piece)
                    : feed.Add(Masked(feed.Node, piece, lines), copy)
            );
        lines.AddRange(stores);
        return lines;
    }

    Expression Store(Expr m, Expression value, Piece piece) =>
        _lanes.Store(m.DType, value, _code.Address(new Slot.Node(m), write: true), Add(_base, piece.Column), piece.Part);

    Expression Reload(Expr m, Expression j) =>
        _step.Stored.Contains(m)
            ? _lanes.Load(m.DType, _code.Address(new Slot.Node(m)), Add(_base, j))
            : _lanes.LoadRaw(m.DType, Scratch(m), j);

    /// <summary>Gives the address of this thread's row of scratch for a value.</summary>
    Expression Scratch(Expr m)
    {
        long bytes = ((long)_shape.Columns * _lanes.Type.ByteSize() + 127) / 64 * 64;
        return _code.Scratch(m, "scratch", bytes, _workers);
    }
}
