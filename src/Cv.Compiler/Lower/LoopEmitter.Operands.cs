using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

sealed partial class LoopEmitter
{
    readonly Dictionary<Expr, ParameterExpression> _rowValues = [];
    readonly Dictionary<string, ParameterExpression> _offsets = [];
    readonly Dictionary<(Expr, string), ParameterExpression> _rowLoads = [];
    readonly Dictionary<(Expr, string), ParameterExpression> _onceLoads = [];
    readonly List<Expression> _rowStart = [];

    /// <summary>Holds what is known of one vector's worth of columns while a phase is written.</summary>
    /// <param name="column">Gives the first column.</param>
    /// <param name="part">Gives the number of lanes that count, or null for all.</param>
    /// <param name="mask">Marks the lanes that count.</param>
    /// <param name="fixedLoads">Takes what no row changes: loads written once for many rows, by their buffer; or null.</param>
    sealed class Piece(Expression column, Expression? part, Expression? mask, Dictionary<Expr, Expression>? fixedLoads)
    {
        public Expression Column { get; } = column;
        public Expression? Part { get; } = part;
        public Expression? Mask { get; } = mask;
        public Dictionary<Expr, Expression> Values { get; } = [];
        public Dictionary<(Expr, string), Expression> Loads { get; } = [];
        public Dictionary<Expr, Expression>? FixedLoads { get; } = fixedLoads;
        public List<Expression> FixedLines { get; init; } = [];
    }

    /// <summary>Computes a full value for a piece, and gives the local that holds it.</summary>
    Expression Compute(Expr m, Piece piece, List<Expression> lines)
    {
        var operands = m.Operands.Select(o => Operand(o, m.Shape, piece, lines)).ToList();
        var value = m.Op is Uniform random
            ? RandomBits.Of(
                _lanes,
                _code.Address(new Slot.Number(random.Key)),
                operands[0],
                Add(_base, piece.Column),
                _shape.Rows == 1 || _shape.Columns % 2 == 0
            )
            : Widen.Node(_lanes, m, operands);
        return piece.Values[m] = Keep(value, m.DType, lines);
    }

    ParameterExpression Keep(Expression value, DType type, List<Expression> lines)
    {
        var local = _code.Local(_lanes.VectorOf(type), "v");
        lines.Add(Assign(local, value));
        return local;
    }

    /// <summary>Gives the operand of a reduction, with the seed in the lanes that do not count.</summary>
    Expression Masked(Expr fold, Piece piece, List<Expression> lines)
    {
        var x = Operand(fold.Operands[0], fold.Operands[0].Shape, piece, lines);
        return piece.Mask is null ? x : _lanes.Select(piece.Mask, x, _lanes.Seed((Reduction)fold.Op, fold.DType));
    }

    Expression Operand(Expr o, Shape full, Piece piece, List<Expression> lines)
    {
        var source = Geometry.Source(o);
        if (piece.Values.TryGetValue(source, out var value))
            return value;
        if (_step.Roles.ContainsKey(source))
            return RowValue(source);
        if (source.Op is Const c)
            return _lanes.Constant(c.Value, c.DType);
        int columns = _shape.IsFlat ? _shape.Size : _shape.Columns;
        if (Geometry.ColumnStride(o, full, columns) == 0)
            return RowLoad(o, full, columns);
        if (piece.FixedLoads is { } known && Geometry.RowStrides(o, full, columns).TrueForAll(r => r.Stride == 0))
        {
            if (!known.TryGetValue(source, out var held))
                known[source] = held = Keep(
                    o.Op is Iota
                        ? _lanes.Indices(piece.Column, o.DType)
                        : _lanes.Load(o.DType, _code.Address(new Slot.Node(source)), piece.Column),
                    o.DType,
                    piece.FixedLines
                );
            return held;
        }
        var offset = Offset(o, full, _shape.Columns);
        if (o.Op is Iota)
            return _lanes.Indices(Add(offset, piece.Column), o.DType);
        var key = (source, offset.Name!);
        if (!piece.Loads.TryGetValue(key, out var load))
            piece.Loads[key] = load = Keep(
                _lanes.Load(o.DType, _code.Address(new Slot.Node(source)), Add(offset, piece.Column)),
                o.DType,
                lines
            );
        return load;
    }

    ParameterExpression RowValue(Expr m)
    {
        if (!_rowValues.TryGetValue(m, out var local))
            _rowValues[m] = local = _code.Local(_lanes.VectorOf(m.DType), "r");
        return local;
    }

    /// <summary>Gives an operand of a value that is computed once a row, or once in all.</summary>
    Expression RowOperand(Expr o, Shape full)
    {
        var source = Geometry.Source(o);
        return _step.Roles.ContainsKey(source) ? RowValue(source)
            : source.Op is Const c ? _lanes.Constant(c.Value, c.DType)
            : RowLoad(o, full, 1);
    }

    /// <summary>Loads, before the first row or at the start of each, the one element of an operand that the whole row uses.</summary>
    ParameterExpression RowLoad(Expr o, Shape full, int columns)
    {
        var source = Geometry.Source(o);
        bool once = Geometry.RowStrides(o, full, columns).TrueForAll(r => r.Stride == 0);
        var offset = once ? null : Offset(o, full, columns);
        var loads = once ? _onceLoads : _rowLoads;
        var key = (source, offset?.Name ?? "");
        if (loads.TryGetValue(key, out var local))
            return local;
        loads[key] = local = _code.Local(_lanes.VectorOf(o.DType), "b");
        Expression at = offset is null ? Constant(0L) : offset;
        var value =
            o.Op is not Iota ? _lanes.LoadOne(o.DType, _code.Address(new Slot.Node(source)), at)
            : once ? _lanes.Constant(0, o.DType)
            : _lanes.Broadcast(Convert(at, o.DType == DType.I32 ? _lanes.Integer : _lanes.Float));
        (once ? _once : _rowStart).Add(Assign(local, value));
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
        _offsets[layout] = local = _code.Long($"at{layout}");
        Expression? sum = null;
        Expression rest = _row;
        for (int i = 0; i < rows.Count; i++)
        {
            var index = i == rows.Count - 1 ? rest : Modulo(rest, Constant((long)rows[i].Extent));
            if (rows[i].Stride != 0)
                sum = sum is null ? Times(index, rows[i].Stride) : Add(sum, Times(index, rows[i].Stride));
            rest = Divide(rest, Constant((long)rows[i].Extent));
        }
        _rowStart.Add(Assign(local, sum ?? Constant(0L)));
        return local;
    }

    /// <summary>Forgets what the last row loaded, when another is about to be written.</summary>
    void BeginRow()
    {
        _offsets.Clear();
        _rowLoads.Clear();
        _rowStart.Clear();
        _rowStart.Add(Assign(_base, Times(_row, _shape.Columns)));
    }

    void StoreRow(Expr m, List<Expression> stores)
    {
        if (_step.Stored.Contains(m))
            stores.Add(_lanes.Store(m.DType, RowValue(m), _code.Address(new Slot.Node(m), write: true), _row, Constant(1L)));
    }
}
