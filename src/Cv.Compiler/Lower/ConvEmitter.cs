using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes convolutions, and their adjoints by the input, without an im2col: a register tile holds some pixels of a row by some vectors of
/// channels, and its loops run over taps and input channels. The filters are packed into panels as wide as a tile, and a unit of work is a band of rows
/// of one image. (Georganas et al., "Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures", 2018.)
/// </summary>
sealed class ConvEmitter
{
    const int BandBytes = 64 << 10;
    const int LeastUnits = 8;

    readonly ConvStep _step;
    readonly Lanes _lanes;
    readonly int _workers;
    readonly Code _code = new();
    readonly ConvAxis _y;
    readonly ConvAxis _x;
    readonly Band _band;
    readonly int _groups;
    readonly int _images;
    readonly int _channels;
    readonly int _inputs;
    readonly int _outputs;
    readonly int _tapsX;
    readonly int _taps;
    readonly bool _backward;
    readonly bool _lanewise;
    readonly int _tile;
    readonly int _vectors;
    readonly int _rows;
    readonly TileEpilogue _epilogue;

    ConvEmitter(ConvStep step, Lanes lanes, int workers)
    {
        (_step, _lanes, _workers) = (step, lanes, workers);
        var (image, result) = (step.Product.Operands[0].Shape, step.Product.Shape);
        (Window y, Window x, _groups, _backward) = step.Product.Op switch
        {
            Conv2d c => (c.Y, c.X, c.Groups, false),
            Conv2dInput c => (c.Y, c.X, c.Groups, true),
            var other => throw new InvalidOperationException($"conv: no kernel for {other.Name}."),
        };
        Func<Window, int, int, ConvAxis> axis = _backward ? ConvAxis.Backward : ConvAxis.Forward;
        _y = axis(y, image[1].Value, result[1].Value);
        _x = axis(x, image[2].Value, result[2].Value);
        (_images, _channels) = (image[0].Value, image[3].Value);
        (_inputs, _outputs) = (_channels / _groups, result[3].Value / _groups);
        (_tapsX, _taps) = (x.Size, y.Size * x.Size);
        _lanewise = _groups > 1 && _inputs == 1 && _outputs == 1;
        if (_lanewise)
            (_groups, _outputs) = (1, _groups);
        (_tile, _vectors) = step.Tile ?? GemmTile.Choose(lanes, _outputs);
        _band = new(_code, lanes, Chain.Of(step, step.Image, lanes, _code), step.Product.Operands[0], _y, _x);
        _rows = RowsOfBand();
        _epilogue = new(step, lanes, _code, workers, _tile, Width, inLoops: _y.Phases.Length * _x.Phases.Length > 1);
    }

    int Width => _vectors * _lanes.Count;
    int Panels => (_outputs + Width - 1) / Width;
    long Terms => (long)_taps * _inputs;

    /// <summary>Gives the address of a tile's tower, where the chains of a long sum are added up; this thread's own.</summary>
    Expression Tower =>
        _code.Scratch(
            _step.Product,
            "tower",
            ((long)LongSums.Levels(Terms) * _tile * Width * _lanes.Type.ByteSize() + 127) / 64 * 64,
            _workers
        );

    int BandsOfImage => (_y.Count + _rows - 1) / _rows;
    Slot PanelSlot =>
        new Slot.Temporary(_step.Product, "panels", (long)_groups * Panels * _taps * _inputs * Width * _lanes.Type.ByteSize());

    /// <summary>Gives the kernels: the packing of the filters, and the convolution.</summary>
    public static List<KernelCode> Emit(ConvStep step, Lanes lanes, int workers)
    {
        var emitter = new ConvEmitter(step, lanes, workers);
        return emitter._lanewise ? [emitter.Kernel()] : [emitter.Pack(), emitter.Kernel()];
    }

    /// <summary>Chooses how many outputs of a phase a band gives: few enough for L2, and for the threads to share.</summary>
    int RowsOfBand()
    {
        int rows = _y.Count;
        while (rows > 1 && _band.Bytes(rows) > BandBytes)
            rows = (rows + 1) / 2;
        int least = (LeastUnits + _images - 1) / Math.Max(1, _images);
        return Math.Max(1, Math.Min(rows, (_y.Count + least - 1) / least));
    }

    /// <summary>Packs the filters: for each group and panel, tap by tap, the panel's columns for each input channel.</summary>
    KernelCode Pack()
    {
        int all = _groups * (_backward ? _inputs : _outputs);
        // filters are [taps, in, out] of the convolution: going back, panels are of its ins
        var source = new PanelSource(
            new Slot.Node(_step.Filters),
            Line: all,
            Start: (group, tap) =>
                Add(Times(tap, (long)all * (_backward ? _outputs : _inputs)), Times(group, _backward ? _inputs : _outputs)),
            Transposed: _backward
        );
        return PanelEmitter.Emit(_lanes, PanelSlot, source, _groups, _taps, _inputs, _outputs, Width);
    }

    KernelCode Kernel()
    {
        var (unit, image, first, rows, start) = (
            _code.Long("unit"),
            _code.Long("image"),
            _code.Long("first"),
            _code.Long("rows"),
            _code.Long("start")
        );
        Expression address;
        var lines = new List<Expression>
        {
            Assign(image, Divide(unit, Constant((long)BandsOfImage))),
            Assign(first, Times(Modulo(unit, Constant((long)BandsOfImage)), _rows)),
            Assign(rows, MinOf(Constant((long)_rows), Subtract(Constant((long)_y.Count), first))),
        };
        if (_band.InPlace)
        {
            address = _code.Address(new Slot.Node(_step.Image));
            lines.Add(Assign(start, _band.Start(image, first)));
        }
        else
        {
            var scratch = _code.Long("band");
            long bytes = _band.Bytes(_rows);
            lines.Add(Assign(scratch, _code.Scratch(_step.Product, "band", bytes, _workers)));
            lines.Add(_band.Fill(image, first, rows, scratch));
            lines.Add(Assign(start, Constant(0L)));
            address = scratch;
        }
        var group = _code.Long("group");
        foreach (var py in _y.Phases)
        foreach (var px in _x.Phases)
        {
            var panels = OverPanels(group, (address, start), image, first, rows, py, px);
            lines.Add(Assign(group, Constant(0L)));
            lines.Add(_groups == 1 ? panels : While(group, Constant((long)_groups), 1, panels));
        }
        var body = Block(Assign(unit, _code.From), While(unit, _code.To, 1, lines));
        var shape = _step.Product.Shape;
        double work = (double)shape.Size * _taps * _inputs / 4;
        string name =
            $"{_step.Lead}{_step.Product.Op.Name} {_step.Product.Operands[0].Shape} by {_step.Product.Operands[1].Shape}{_step.Epilogue}";
        return _code.Close(name, body, (long)_images * BandsOfImage, work);
    }

    BlockExpression OverPanels(
        Expression group,
        (Expression Address, Expression Start) band,
        Expression image,
        Expression first,
        Expression rows,
        Phase py,
        Phase px
    )
    {
        var panel = _code.Long("panel");
        int whole = _outputs / Width,
            rest = _outputs % Width;
        var lines = new List<Expression> { Assign(panel, Constant(0L)) };
        if (whole > 0)
            lines.Add(While(panel, Constant((long)whole), 1, OverRows(Width)));
        if (rest > 0)
            lines.Add(OverRows(rest));
        return Block(lines);

        Expression OverRows(int columns)
        {
            var (t, end, column) = (_code.Long("t"), _code.Long("tEnd"), _code.Long("x"));
            var tiles = new RowTiles(px.Count, _tile);
            var (find, tap, count) = Inside(py.Taps, Add(first, t));
            return Block(
                Assign(t, Constant(0L)),
                Assign(end, MinOf(rows, Subtract(Constant((long)py.Count), first))),
                While(
                    t,
                    end,
                    1,
                    find,
                    tiles.Loops(column, pixels => Tile(band, image, first, group, panel, t, column, pixels, columns, py, px, tap, count))
                )
            );
        }
    }

    /// <summary>Finds the taps of a row of outputs that reach into the image: those that meet zeros above or below it add nothing.</summary>
    (Expression Find, Expression First, Expression Count) Inside(Taps taps, Expression output)
    {
        if (_band.InPlace || taps.Count < 2)
            return (Empty(), Constant(0L), Constant((long)taps.Count));
        var (row, low, high) = (_code.Long("source"), _code.Long("low"), _code.Long("high"));
        int move = Math.Abs(taps.Move);
        Expression last = Constant(_y.Source - 1L);
        // tap k reads row + k move of the image; going back, row - k move
        Expression before = taps.Move > 0 ? Negate(row) : Subtract(row, last),
            after = taps.Move > 0 ? Subtract(last, row) : row;
        Expression zero = Constant(0L);
        var find = Block(
            Assign(row, Plus(Times(output, _y.Scale), taps.Offset - _y.Low)),
            Assign(low, Condition(GreaterThan(before, zero), Over(Plus(before, move - 1), move), zero)),
            Assign(high, Condition(LessThan(after, zero), zero, MinOf(Constant((long)taps.Count), Plus(Over(after, move), 1)))),
            Assign(high, Condition(GreaterThan(high, low), Subtract(high, low), zero))
        );
        return (find, low, high);

        static Expression Over(Expression a, long by) => by == 1 ? a : Divide(a, Constant(by));
    }

    /// <summary>Writes one tile: so many pixels from place <paramref name="x"/> of row <paramref name="t"/> on, by so many channels.</summary>
    BlockExpression Tile(
        (Expression Address, Expression Start) band,
        Expression image,
        Expression first,
        Expression group,
        Expression panel,
        Expression t,
        Expression x,
        int pixels,
        int columns,
        Phase py,
        Phase px,
        Expression firstY,
        Expression countY
    )
    {
        var (ty, tx) = (py.Taps, px.Taps);
        int vectors = (columns + _lanes.Count - 1) / _lanes.Count;
        var sums = new RegisterTile(_code, _lanes, pixels, vectors);
        var (a, b, row, column) = (_code.Long("a"), _code.Long("b"), _code.Long("row"), _code.Long("column"));
        var lines = new List<Expression> { Assign(column, Add(Times(group, _outputs), Times(panel, Width))), sums.Clear() };
        if (ty.Count > 0 && tx.Count > 0)
        {
            long tap = _lanewise ? _channels : (long)_inputs * Width;
            long firstTap = (long)ty.First * _tapsX + tx.First;
            var filters = _code.Address(_lanewise ? new Slot.Node(_step.Filters) : PanelSlot);
            long nextRow = ty.Step * _tapsX * tap;
            var atRow = Add(Times(Plus(Times(t, _y.Scale), ty.Offset), _band.Row), Times(firstY, ty.Move * _band.Row));
            var atPixel = Times(Plus(Times(x, _x.Scale), tx.Offset), _channels);
            lines.Add(Assign(a, Add(Add(band.Start, atRow), Add(atPixel, _lanewise ? column : Times(group, _inputs)))));
            lines.Add(
                Assign(
                    b,
                    Add(
                        Plus(_lanewise ? column : Times(Add(Times(group, Panels), panel), _taps * tap), firstTap * tap),
                        Times(firstY, nextRow)
                    )
                )
            );
            long[] places = [.. Enumerable.Range(0, pixels).Select(i => (long)i * _x.Scale * _channels)];
            TileLoop[] loops =
            [
                new(countY, ty.Move * _band.Row, nextRow),
                new(tx.Count, (long)tx.Move * _channels, tx.Step * tap),
                new(_lanewise ? 1 : _inputs, 1, Width),
            ];
            if (LongSums.Cuts(Terms))
            {
                var tower = new SumTower(_code, _lanes, Tower, (long)_tile * Width);
                var kept = sums.List((i, v) => (long)i * Width + v * _lanes.Count);
                lines.Add(tower.Begin());
                lines.Add(
                    sums.AccumulateChains(
                        (band.Address, a),
                        places,
                        (filters, b),
                        loops,
                        _lanewise,
                        () => [tower.Push(Constant(0L), kept), tower.Next()]
                    )
                );
                lines.Add(tower.Total(Constant(0L), kept));
            }
            else
                lines.Add(sums.Accumulate((band.Address, a), places, (filters, b), loops, _lanewise));
        }
        var shape = _step.Product.Shape;
        var line = Plus(Times(Add(first, t), py.Stride), py.Start);
        lines.Add(Assign(row, Add(Times(Add(Times(image, shape[1].Value), line), shape[2].Value), Plus(Times(x, px.Stride), px.Start))));
        lines.AddRange(_epilogue.Finish(sums.Sums, row, px.Stride, column, columns));
        return Block(lines);
    }
}
