using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes the gradient of a convolution's filters. A register tile holds some taps and input channels by some vectors of output channels; its loops run
/// over the pixels of a chunk: a few rows of an image, or a few small images. A unit of work is a block of images, whose sum stands apart; the blocks
/// are added in order at the end. Where there are many pixels, a block's sum is a tower of short chains. Blocks, chunks and chains depend on the shapes alone.
/// </summary>
sealed partial class ConvWeightsEmitter
{
    const int Blocks = 8;
    const int PartialBytes = 16 << 20;
    const int BandBytes = 768 << 10;
    const int ChunkPixels = 256;
    const int FewRows = 60;
    const int CombineElements = 4096;

    readonly ConvWeightsStep _step;
    readonly Lanes _lanes;
    readonly int _workers;
    readonly Code _code = new();
    readonly ConvAxis _y;
    readonly ConvAxis _x;
    readonly Window _windowY;
    readonly Window _windowX;
    readonly Band _band;
    readonly int _groups;
    readonly int _images;
    readonly int _channels;
    readonly int _inputs;
    readonly int _outputs;
    readonly bool _lanewise;
    readonly int _tile;
    readonly int _vectors;
    readonly int _rows;
    readonly int _imagesOfChunk;
    readonly int _imagesOfBlock;
    readonly int _slices;
    readonly ParameterExpression? _chains;
    readonly ParameterExpression? _chainsAfter;

    ConvWeightsEmitter(ConvWeightsStep step, Lanes lanes, int workers)
    {
        (_step, _lanes, _workers) = (step, lanes, workers);
        var op = (Conv2dWeights)step.Product.Op;
        var (image, cotangent) = (step.Product.Operands[0].Shape, step.Product.Operands[1].Shape);
        (_windowY, _windowX, _groups) = (op.Y, op.X, op.Groups);
        _y = ConvAxis.Forward(op.Y, image[1].Value, cotangent[1].Value);
        _x = ConvAxis.Forward(op.X, image[2].Value, cotangent[2].Value);
        (_images, _channels) = (image[0].Value, image[3].Value);
        (_inputs, _outputs) = (_channels / _groups, cotangent[3].Value / _groups);
        _lanewise = _groups > 1 && _inputs == 1 && _outputs == 1;
        if (_lanewise)
            (_groups, _outputs) = (1, _groups);
        (_tile, _vectors) = step.Tile ?? GemmTile.Choose(lanes, _outputs);
        _band = new(_code, lanes, Chain.Of(step, step.Image, lanes, _code), step.Product.Operands[0], _y, _x, spreads: true);
        int pixels = _y.Count * _x.Count;
        _rows = Math.Max(1, Math.Min(_y.Count, ChunkPixels / _x.Count));
        while (_rows > 1 && _band.Bytes(_rows) > BandBytes)
            _rows = (_rows + 1) / 2;
        long bytes = Math.Max(1, (long)step.Product.Shape.Size * lanes.Type.ByteSize());
        int blocks = (int)Math.Clamp(PartialBytes / bytes, 1, Blocks);
        _imagesOfBlock = Math.Max(1, (_images + blocks - 1) / blocks);
        _imagesOfChunk = _rows == _y.Count ? Math.Clamp(ChunkPixels / pixels, 1, _imagesOfBlock) : 1;
        if (IsLong)
            (_chains, _chainsAfter) = (_code.Long("chains"), _code.Long("chainsAfter"));
        _slices = Math.Min(_groups * Panels, Math.Max(1, Blocks / BlockCount));
    }

    int Width => _vectors * _lanes.Count;
    int Panels => (_outputs + Width - 1) / Width;
    int BlockCount => Math.Max(1, (_images + _imagesOfBlock - 1) / _imagesOfBlock);
    int PanelsOfSlice => (_groups * Panels + _slices - 1) / _slices;
    int Columns => _groups * _outputs;
    int Rows => _windowY.Size * _windowX.Size * (_lanewise ? 1 : _inputs);
    long BlockElements => (long)_groups * Panels * Rows * Width;

    bool IsLong => LongSums.Cuts((long)_images * _y.Count * _x.Count);
    int Levels => IsLong ? LongSums.Levels(ChainsOf(_imagesOfBlock)) : 1;

    /// <summary>Holds the sum of each block, or the levels of its tower, panel by panel, so that what a tile writes stands together.</summary>
    Slot Sums => new Slot.Temporary(_step.Product, "sums", BlockCount * Levels * BlockElements * _lanes.Type.ByteSize());

    /// <summary>Counts the elements from one pixel, row and image to the next in the band.</summary>
    long BandImage =>
        _band.InPlace ? (long)_step.Product.Operands[0].Shape[1].Value * _band.Row : _band.Bytes(_rows) / _lanes.Type.ByteSize();

    /// <summary>Lists the loops over the pixels of a chunk.</summary>
    List<TileLoop> Loops(Expression images, Expression rows)
    {
        List<TileLoop> loops =
            _imagesOfChunk == 1
                ? [new(rows, _y.Scale * _band.Row, (long)_x.Count * Width)]
                : [new(images, BandImage, (long)_y.Count * _x.Count * Width), new(_y.Count, _y.Scale * _band.Row, (long)_x.Count * Width)];
        loops.Add(new(_x.Count, (long)_x.Scale * _band.Pixel, Width));
        return loops;
    }

    /// <summary>Counts the chains that the pixels of so many images are cut into.</summary>
    long ChainsOf(int images)
    {
        var unknown = Parameter(typeof(long));
        var chains = TileChains.Of(RegisterTile.Merge(Loops(unknown, unknown)));
        int outermost = _imagesOfChunk == 1 ? _y.Count : images,
            most = _imagesOfChunk == 1 ? _rows : _imagesOfChunk;
        long count = outermost / most * chains.Count(most) + (outermost % most > 0 ? chains.Count(outermost % most) : 0);
        return _imagesOfChunk == 1 ? images * count : count;
    }

    /// <summary>Gives the kernels: the sums of blocks, and their sum.</summary>
    public static List<KernelCode> Emit(ConvWeightsStep step, Lanes lanes, int workers)
    {
        var emitter = new ConvWeightsEmitter(step, lanes, workers);
        return [emitter.Kernel(), emitter.Combine()];
    }

    KernelCode Kernel()
    {
        var (unit, block, slice, from, to, image, row, images, rows) = (
            _code.Long("unit"),
            _code.Long("block"),
            _code.Long("slice"),
            _code.Long("from"),
            _code.Long("to"),
            _code.Long("image"),
            _code.Long("row"),
            _code.Long("images"),
            _code.Long("rows")
        );
        var chunk = new List<Expression>
        {
            Assign(images, MinOf(Constant((long)_imagesOfChunk), Subtract(to, image))),
            Assign(rows, MinOf(Constant((long)_rows), Subtract(Constant((long)_y.Count), row))),
        };
        // the image's band
        Expression address;
        var start = _code.Long("start");
        long bandBytes = _band.Bytes(_rows);
        if (_band.InPlace)
        {
            address = _code.Address(new Slot.Node(_step.Image));
            chunk.Add(Assign(start, _band.Start(image, row)));
        }
        else
        {
            var (band, i) = (_code.Long("band"), _code.Long("i"));
            long all = bandBytes * _imagesOfChunk;
            chunk.Add(Assign(band, _code.Scratch(_step.Product, "band", all, _workers)));
            chunk.Add(Assign(i, Constant(0L)));
            chunk.Add(While(i, images, 1, _band.Fill(Add(image, i), row, rows, Add(band, Times(i, bandBytes)))));
            chunk.Add(Assign(start, Constant(0L)));
            address = band;
        }
        // the cotangent's panels
        var (panels, pixels) = (_code.Long("panels"), _code.Long("pixels"));
        long panelElements = (long)_imagesOfChunk * _rows * _x.Count * Width;
        long panelBytes = (PanelsOfSlice * panelElements * _lanes.Type.ByteSize() + 319) / 64 * 64;
        chunk.Add(Assign(panels, _code.Scratch(_step.Product, "panels", panelBytes, _workers)));
        chunk.Add(Assign(pixels, Times(Multiply(images, rows), _x.Count)));
        var (panel, end, local) = (_code.Long("panel"), _code.Long("panelEnd"), _code.Long("local"));
        chunk.Add(Assign(panel, Times(slice, PanelsOfSlice)));
        chunk.Add(Assign(end, MinOf(Constant((long)_groups * Panels), Plus(panel, PanelsOfSlice))));
        chunk.Add(Assign(local, Constant(0L)));
        var first = Times(Add(Times(image, _y.Count), row), _x.Count);
        chunk.Add(
            While(
                panel,
                end,
                1,
                PackPanel(panel, first, pixels, panels, Times(local, panelElements)),
                OverTiles(panel, (address, start), (panels, Times(local, panelElements)), images, rows, block, IsFirst(image, row, from)),
                Assign(local, Plus(local, 1))
            )
        );
        if (_chains is not null)
            chunk.Add(Assign(_chains, _chainsAfter!));
        List<Expression> lines =
        [
            Assign(block, Divide(unit, Constant((long)_slices))),
            Assign(slice, Modulo(unit, Constant((long)_slices))),
            Assign(from, Times(block, _imagesOfBlock)),
            Assign(to, MinOf(Constant((long)_images), Plus(from, _imagesOfBlock))),
            Assign(image, from),
            While(image, to, _imagesOfChunk, Assign(row, Constant(0L)), While(row, Constant((long)_y.Count), _rows, chunk)),
        ];
        if (_chains is not null)
            lines.Insert(0, Assign(_chains, Constant(0L)));
        var body = Block(Assign(unit, _code.From), While(unit, _code.To, 1, lines));
        var shape = _step.Product.Operands[1].Shape;
        double work = (double)shape.Size * _windowY.Size * _windowX.Size * _inputs / 4;
        string name = $"{_step.Lead}{_step.Product.Op.Name} {_step.Product.Operands[0].Shape} to {_step.Product.Shape}";
        return _code.Close(name, body, (long)BlockCount * _slices, work);
    }

    static Expression IsFirst(Expression image, Expression row, Expression from) => AndAlso(Equal(image, from), Equal(row, Constant(0L)));

    /// <summary>Copies, or computes, the panel's columns of each pixel of the chunk to where they follow each other.</summary>
    BlockExpression PackPanel(Expression panel, Expression first, Expression pixels, Expression panels, Expression target)
    {
        var (i, at, pixel, column, into) = (
            _code.Long("i"),
            _code.Long("at"),
            _code.Long("pixel"),
            _code.Long("column"),
            _code.Long("into")
        );
        var shape = _step.Product.Operands[1].Shape;
        var chain = Chain.Of(_step, _step.Cotangent, _lanes, _code);
        var copies = new List<Expression>();
        for (int v = 0; v < _vectors; v++)
        {
            long across = v * _lanes.Count;
            var value = chain?.Vector(o => Operand(o, across), copies) ?? Load(_step.Cotangent, Plus(at, across));
            copies.Add(_lanes.Store(_lanes.Type, value, panels, Plus(into, across)));
        }
        return Block(
            Assign(i, Constant(0L)),
            Assign(column, ColumnOf(panel)),
            Assign(pixel, first),
            Assign(at, Add(Times(first, Columns), column)),
            Assign(into, target),
            While(i, pixels, 1, [.. copies, Assign(pixel, Plus(pixel, 1)), Assign(at, Plus(at, Columns)), Assign(into, Plus(into, Width))])
        );

        Expression Load(Expr o, Expression index) => _lanes.Load(o.DType, _code.Address(new Slot.Node(Geometry.Source(o))), index);

        Expression Operand(Expr o, long across) =>
            TileStep.PlaceOf(o, shape) switch
            {
                TilePlace.Element => Load(o, Plus(at, across)),
                TilePlace.Column => Load(o, Plus(column, across)),
                var place => _lanes.LoadOne(
                    o.DType,
                    _code.Address(new Slot.Node(Geometry.Source(o))),
                    place == TilePlace.Row ? pixel : Constant(0L)
                ),
            };
    }

    Expression ColumnOf(Expression panel) =>
        _groups == 1
            ? Times(panel, Width)
            : Add(Times(Divide(panel, Constant((long)Panels)), _outputs), Times(Modulo(panel, Constant((long)Panels)), Width));

    /// <summary>Writes the tiles of one panel: each adds the chunk's products to what the block has so far.</summary>
    Expression OverTiles(
        Expression panel,
        (Expression Address, Expression Start) band,
        (Expression Address, Expression Start) cotangent,
        Expression images,
        Expression rows,
        Expression block,
        Expression isFirst
    )
    {
        int rest = _outputs % Width;
        if (rest == 0)
            return All(Width);
        return _outputs < Width
            ? All(rest)
            : IfThenElse(Equal(Modulo(panel, Constant((long)Panels)), Constant(Panels - 1L)), All(rest), All(Width));

        Expression All(int columns)
        {
            int across = _lanewise ? 1 : _inputs;
            long Offset(int r)
            {
                var (tap, channel) = (r / across, r % across);
                return (long)(tap / _windowX.Size) * _windowY.Dilation * _band.Row
                    + (long)(tap % _windowX.Size) * _windowX.Dilation * _band.Pixel
                    + channel;
            }
            if (Rows <= FewRows)
                return Block(
                    new RowTiles(Rows, _tile)
                        .List()
                        .Select(t =>
                            Tile(Constant(0L), Constant((long)t.First), [.. Enumerable.Range(t.First, t.Rows).Select(Offset)], columns)
                        )
                );
            // runs of rows that stand side by side in the image: the taps of a line, or one tap's channels
            bool lines = _groups == 1 && _windowX.Dilation == 1 && !_lanewise && _band.Pixel == _channels;
            int run = lines ? _windowX.Size * across : across,
                taps = lines ? 1 : _windowX.Size;
            var (ky, kx, r) = (_code.Long("ky"), _code.Long("kx"), _code.Long("r"));
            var at = Add(Add(Times(ky, _windowY.Dilation * _band.Row), Times(kx, (long)_windowX.Dilation * _band.Pixel)), r);
            var result = Add(Times(Add(Times(ky, taps), kx), run), r);
            var tiles = new RowTiles(run, _tile);
            return Block(
                Assign(ky, Constant(0L)),
                While(
                    ky,
                    Constant((long)_windowY.Size),
                    1,
                    Assign(kx, Constant(0L)),
                    While(
                        kx,
                        Constant((long)taps),
                        1,
                        tiles.Loops(r, n => Tile(at, result, [.. Enumerable.Range(0, n).Select(i => (long)i)], columns))
                    )
                )
            );
        }

        BlockExpression Tile(Expression offset, Expression firstRow, long[] places, int columns)
        {
            int vectors = (columns + _lanes.Count - 1) / _lanes.Count;
            var sums = new RegisterTile(_code, _lanes, places.Length, vectors);
            var (a, b, at) = (_code.Long("a"), _code.Long("b"), _code.Long("at"));
            var result = _code.Address(Sums, write: true);
            var group = _groups == 1 ? Constant(0L) : (Expression)Divide(panel, Constant((long)Panels));
            Expression At(int i, int v) => Plus(at, (long)i * Width + v * _lanes.Count);
            var loops = Loops(images, rows);
            List<Expression> lines =
            [
                Assign(a, Add(Add(band.Start, offset), _lanewise ? ColumnOf(panel) : Times(group, _inputs))),
                Assign(b, cotangent.Start),
                Assign(at, Add(Times(block, Levels * BlockElements), Times(Add(Times(panel, Rows), firstRow), Width))),
            ];
            if (_chains is not null)
            {
                var tower = new SumTower(_code, _lanes, result, BlockElements);
                var kept = sums.List((i, v) => (long)i * Width + v * _lanes.Count);
                lines.AddRange(
                    Assign(tower.Count, _chains),
                    sums.AccumulateChains(
                        (band.Address, a),
                        places,
                        (cotangent.Address, b),
                        loops,
                        _lanewise,
                        () => [tower.Push(at, kept), tower.Next()]
                    ),
                    Assign(_chainsAfter!, tower.Count)
                );
                return Block(lines);
            }
            lines.AddRange(
                IfThenElse(isFirst, sums.Clear(), sums.Each((i, v) => Assign(sums.Sums[i, v], _lanes.Load(_lanes.Type, result, At(i, v))))),
                sums.Accumulate((band.Address, a), places, (cotangent.Address, b), loops, _lanewise),
                sums.Each((i, v) => _lanes.Store(_lanes.Type, sums.Sums[i, v], result, At(i, v)))
            );
            return Block(lines);
        }
    }
}
