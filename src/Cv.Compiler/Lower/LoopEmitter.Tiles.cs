using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <remarks>
/// A tile is a few vectors of a row: the whole row if it has several phases, so that nothing is loaded twice; or a group of columns, whose sums
/// stay in registers while the rows go by. What no row changes is loaded before the rows.
/// </remarks>
sealed partial class LoopEmitter
{
    List<Expression> Tiles()
    {
        int tile = _shape.TileVectors * _lanes.Count,
            whole = _shape.Columns / tile * tile,
            rest = _shape.Columns - whole;
        var (first, bound) = RowsOfBlock();
        ParameterExpression from = _code.Long("from"),
            to = _code.Long("to");
        var lines = new List<Expression>();
        if (_shape.Pieces == 1 && whole <= tile)
        {
            if (whole > 0)
                lines.AddRange(Tile(Constant(0L), tile, from, to));
            if (rest > 0)
                lines.AddRange(Tile(Constant((long)whole), rest, from, to));
        }
        else
        {
            Expression begin = Constant(0L),
                end = Constant((long)whole);
            if (_shape.Pieces > 1)
            {
                begin = Times(Subtract(_unit, Times(_block, _shape.Pieces)), _shape.PieceColumns);
                end = MinOf(Plus(begin, _shape.PieceColumns), Constant((long)whole));
            }
            var last = _code.Long("last");
            lines.AddRange([Assign(_column, begin), Assign(last, end), While(_column, last, tile, Tile(_column, tile, from, to))]);
            if (rest > 0)
            {
                var edge = Block(Tile(Constant((long)whole), rest, from, to));
                // the last piece's, which alone ends at the row's end
                lines.Add(
                    _shape.Pieces == 1
                        ? edge
                        : IfThen(Equal(Subtract(_unit, Times(_block, _shape.Pieces)), Constant(_shape.Pieces - 1L)), edge)
                );
            }
        }
        if (_shape.StripRows == _shape.RowsPerBlock)
            return [Assign(from, first), Assign(to, bound), .. lines];
        var stop = _code.Long("stop");
        long strip = (long)_shape.StripRows * _shape.RowStep;
        lines.AddRange(_tails.Where(t => t.IsLong && t.FoldsColumns).SelectMany(t => t.EndStrip()));
        return [Assign(from, first), Assign(stop, bound), While(from, stop, strip, [Assign(to, MinOf(Plus(from, strip), stop)), .. lines])];
    }

    /// <summary>Writes all rows of one tile.</summary>
    List<Expression> Tile(Expression column, int columns, Expression from, Expression to)
    {
        int vectors = (columns + _lanes.Count - 1) / _lanes.Count,
            rest = columns % _lanes.Count;
        var part = rest == 0 ? null : Constant((long)rest);
        Expression? mask = part is null ? null : Keep(_lanes.MaskBelow(part), DType.Bool, _once);
        var fixedLines = new List<Expression>();
        var fixedLoads = Enumerable.Range(0, vectors).Select(_ => new Dictionary<Expr, Expression>()).ToArray();
        Piece[] Pieces() =>
            [
                .. Enumerable
                    .Range(0, vectors)
                    .Select(c => new Piece(
                        Plus(column, c * _lanes.Count),
                        c == vectors - 1 ? part : null,
                        c == vectors - 1 ? mask : null,
                        fixedLoads[c]
                    )
                    {
                        FixedLines = fixedLines,
                    }),
            ];
        int turns = _shape.RowsPerTurn,
            step = _shape.RowStep;
        var sums = _tails.Where(t => t.FoldsColumns).ToList();
        List<Expression> lines = [.. sums.SelectMany(s => s.BeginTile(Pieces(), turns)), Assign(_row, from)];
        var turn = new List<Expression>();
        for (int u = 0; u < turns; u++)
            turn.AddRange([.. TileRow(Pieces(), u), Assign(_row, Plus(_row, step))]);
        Expression last = Plus(to, -(turns - 1L) * step);
        var body = new List<Expression>();
        var cut = _tails.Where(t => t.IsCutInTile).ToList();
        if (cut.Count > 0)
        {
            var stop = _code.Long("stop");
            long rows = (long)cut.Min(t => t.TurnsPerBlock(vectors * turns)) * turns * step;
            var hand = cut.Select(t => t.FoldsColumns ? t.FlushTile(Pieces()) : t.Flush());
            body.Add(While(_row, last, 0, [Assign(stop, MinOf(Plus(_row, rows), last)), While(_row, stop, 0, turn), .. hand]));
        }
        else
            body.Add(While(_row, last, 0, turn));
        if (turns > 1)
            body.Add(While(_row, to, step, TileRow(Pieces(), 0)));
        lines.AddRange(fixedLines);
        lines.AddRange(body);
        foreach (var sum in sums)
            lines.AddRange(sum.EndTile(Pieces(), turns));
        return lines;
    }

    /// <summary>Writes one row of a tile, phase by phase; stores come last, for they may take the place of what the row reads.</summary>
    List<Expression> TileRow(Piece[] pieces, int turn)
    {
        BeginRow();
        List<Expression> lines = [],
            stores = [];
        for (int level = 0; level <= _phases.Last; level++)
        {
            foreach (var m in _step.Members.Where(m => _phases.IsPerRow(m, level)))
            {
                lines.Add(Assign(RowValue(m), Widen.Node(_lanes, m, [.. m.Operands.Select(o => RowOperand(o, m.Shape))])));
                StoreRow(m, stores);
            }
            foreach (var piece in pieces)
            foreach (var m in _step.Members.Where(m => _phases.IsPerElement(m) && _phases.Level[m] == level))
            {
                var value = Compute(m, piece, lines);
                if (_step.Stored.Contains(m))
                    stores.Add(Store(m, value, piece));
            }
            foreach (var fold in _step.Members.Where(m => _phases.IsRowFold(m) && _phases.FedAt(m) == level))
            {
                var op = (Reduction)fold.Op;
                var total = pieces.Select(p => Masked(fold, p, lines)).Aggregate((a, b) => _lanes.Combine(op, a, b));
                lines.Add(Assign(RowValue(fold), _lanes.Broadcast(_lanes.FoldLanes(op, total))));
                StoreRow(fold, stores);
            }
            foreach (var tail in _tails.Where(t => !t.FoldsRows && _phases.FedAt(t.Node) == level))
                for (int c = 0; c < pieces.Length; c++)
                {
                    var operand = tail.Node.Operands[0];
                    lines.Add(
                        tail.FoldsColumns
                            ? tail.AddTile(Operand(operand, operand.Shape, pieces[c], lines), turn, c)
                            : tail.Add(Masked(tail.Node, pieces[c], lines), turn * pieces.Length + c)
                    );
                }
        }
        foreach (var tail in _tails.Where(t => t.FoldsRows))
            lines.Add(tail.Add(RowOperand(tail.Node.Operands[0], tail.Node.Operands[0].Shape), turn));
        return [.. _rowStart, .. lines, .. stores];
    }
}
