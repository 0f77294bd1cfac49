using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes what happens to a register tile once its sums are complete: the fused nodes are computed on it, and what leaves the kernel is
/// stored. Rows are those of the product seen as a matrix, all dims but the last folded into one.
/// </summary>
sealed class TileEpilogue
{
    const int Inline = 3;

    readonly TileStep _step;
    readonly Lanes _lanes;
    readonly Code _code;
    readonly int _workers;
    readonly int _tileRows;
    readonly int _width;
    readonly int _columns;
    readonly bool _inLoops;

    /// <param name="step">The product, and what is fused with it.</param>
    /// <param name="lanes">The vectors.</param>
    /// <param name="code">The kernel being written.</param>
    /// <param name="workers">The number of threads.</param>
    /// <param name="tileRows">The most rows of a tile.</param>
    /// <param name="width">The most columns of a tile, in whole vectors.</param>
    /// <param name="inLoops">Tells that the kernel has many tiles, so that the code of each must stay small: the JIT inlines only so much.</param>
    public TileEpilogue(TileStep step, Lanes lanes, Code code, int workers, int tileRows, int width, bool inLoops = false)
    {
        (_step, _lanes, _code, _workers, _tileRows, _width) = (step, lanes, code, workers, tileRows, width);
        _inLoops = inLoops;
        _columns = step.Product.Shape.Dims[^1].Value;
    }

    /// <summary>
    /// Runs the epilogue on a tile: straight from the registers when it is short, else through a small square of scratch, in a loop over the
    /// rows, so that the code stays small.
    /// </summary>
    /// <param name="sums">The tile.</param>
    /// <param name="row">The product's row of the tile's first.</param>
    /// <param name="rowStep">How many rows of the product lie from one row of the tile to the next.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columns">How many of the tile's columns count.</param>
    public List<Expression> Finish(ParameterExpression[,] sums, Expression row, int rowStep, Expression column, int columns)
    {
        int rows = sums.GetLength(0),
            vectors = sums.GetLength(1);
        var lines = new List<Expression>();
        if (!_inLoops && _step.Members.Count <= 1 + Inline)
        {
            for (int i = 0; i < rows; i++)
            for (int v = 0; v < vectors; v++)
                lines.AddRange(Nodes(Plus(row, (long)i * rowStep), Plus(column, v * _lanes.Count), sums[i, v], _lanes.Part(columns, v)));
            return lines;
        }
        long bytes = ((long)_tileRows * _width * _lanes.Type.ByteSize() + 127) / 64 * 64;
        var scratch = _code.Scratch(_step.Product, "tile", bytes, _workers);
        for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            lines.Add(_lanes.Store(_lanes.Type, sums[i, v], scratch, Constant((long)i * _width + v * _lanes.Count)));
        var r = _code.Long("r");
        var body = new List<Expression>();
        for (int v = 0; v < vectors; v++)
        {
            var value = _code.Local(_lanes.Vector, "c");
            body.Add(Assign(value, _lanes.Load(_lanes.Type, scratch, Plus(Times(r, _width), v * _lanes.Count))));
            body.AddRange(Nodes(Add(row, Times(r, rowStep)), Plus(column, v * _lanes.Count), value, _lanes.Part(columns, v)));
        }
        lines.Add(Assign(r, Constant(0L)));
        lines.Add(While(r, Constant((long)rows), 1, body));
        return lines;
    }

    /// <summary>Computes the fused nodes for one vector of the product, and stores what leaves the kernel.</summary>
    List<Expression> Nodes(Expression row, Expression column, ParameterExpression value, Expression? part)
    {
        var lines = new List<Expression>();
        var values = new Dictionary<Expr, Expression> { [_step.Product] = value };
        var loads = new Dictionary<Expr, Expression>();
        // last of all: a stored value may take the place of one that the epilogue reads
        var stores = new List<Expression>();
        var (y, x, full) = (_code.Long("y"), _code.Long("x"), _code.Long("at"));
        lines.Add(Assign(y, row));
        lines.Add(Assign(x, column));
        lines.Add(Assign(full, Add(Times(y, _columns), x)));
        foreach (var m in _step.Members)
        {
            if (m != _step.Product)
            {
                var local = _code.Local(_lanes.VectorOf(m.DType), "v");
                lines.Add(Assign(local, Widen.Node(_lanes, m, [.. m.Operands.Select(o => Operand(o, m.Shape))])));
                values[m] = local;
            }
            if (_step.Stored.Contains(m))
                stores.Add(_lanes.Store(m.DType, values[m], _code.Address(new Slot.Node(m), write: true), full, part));
        }
        lines.AddRange(stores);
        return lines;

        Expression Operand(Expr o, Shape shape)
        {
            var source = Geometry.Source(o);
            if (values.TryGetValue(source, out var known))
                return known;
            if (source.Op is Const c)
                return _lanes.Constant(c.Value, c.DType);
            if (loads.TryGetValue(o, out var load))
                return load;
            var local = _code.Local(_lanes.VectorOf(o.DType), "l");
            lines.Add(Assign(local, Load(o, source, shape)));
            return loads[o] = local;
        }

        Expression Load(Expr o, Expr source, Shape shape)
        {
            var place = TileStep.PlaceOf(o, shape);
            if (o.Op is Iota iota)
            {
                if (iota.Axis == o.Shape.Rank - 1 && !o.Shape.Dims[^1].IsOne)
                    return _lanes.Indices(x, o.DType);
                Expression index = o.Shape[iota.Axis].IsOne ? Constant(0L) : y;
                return _lanes.Broadcast(Convert(index, o.DType == DType.I32 ? _lanes.Integer : _lanes.Float));
            }
            var address = _code.Address(new Slot.Node(source));
            return place switch
            {
                TilePlace.Element => _lanes.Load(o.DType, address, full),
                TilePlace.Column => _lanes.Load(o.DType, address, x),
                TilePlace.Row => _lanes.LoadOne(o.DType, address, y),
                _ => _lanes.LoadOne(o.DType, address, Constant(0L)),
            };
        }
    }
}
