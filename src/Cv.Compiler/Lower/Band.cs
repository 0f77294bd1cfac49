using System.Linq.Expressions;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes where a convolution reads its image: a few rows at a time are copied to scratch memory of the thread, with zeros around them, so that
/// no tap needs a bound, and rows are near each other whatever the image's size. An image without padding is read in place; one that no buffer
/// holds is computed where others are copied.
/// </summary>
sealed class Band
{
    const int Line = 64;
    const int Crowded = 256;

    readonly Code _code;
    readonly Lanes _lanes;
    readonly Chain? _chain;
    readonly Expr _image;
    readonly ConvAxis _y;
    readonly int _width;
    readonly int _channels;
    readonly int _bytes;
    readonly int _left;
    readonly int _copied;
    readonly int _places;
    readonly int _gap;

    /// <param name="code">The kernel being written.</param>
    /// <param name="lanes">The vectors.</param>
    /// <param name="chain">What computes the image, if nothing holds it.</param>
    /// <param name="image">What is read.</param>
    /// <param name="y">The axis of rows.</param>
    /// <param name="x">The axis of pixels.</param>
    /// <param name="spreads">Tells that pixels are walked one after the other, so that those of a size at which they meet in few sets of L1 need a gap.</param>
    public Band(Code code, Lanes lanes, Chain? chain, Expr image, ConvAxis y, ConvAxis x, bool spreads = false)
    {
        (_code, _lanes, _chain, _image, _y) = (code, lanes, chain, image, y);
        (_width, _channels, _bytes) = (image.Shape[2].Value, image.Shape[3].Value, image.DType.ByteSize());
        _places = x.Places(x.Count);
        _left = Math.Min(_places, Math.Max(0, x.Low));
        Skipped = Math.Max(0, -x.Low);
        _copied = Math.Clamp(_width - Skipped, 0, _places - _left);
        _gap = spreads && _channels * _bytes % Crowded == 0 ? Line / _bytes : 0;
        InPlace = chain is null && _gap == 0 && y.Low == 0 && x.Low == 0 && y.Places(y.Count) <= y.Source && _places <= x.Source;
    }

    /// <summary>Tells that the image is read where it is.</summary>
    public bool InPlace { get; }

    /// <summary>Counts the elements from one pixel to the next.</summary>
    public int Pixel => _channels + _gap;

    /// <summary>Counts the elements from one row to the next.</summary>
    public long Row => (long)(InPlace ? _width : _places) * Pixel;

    int Skipped { get; }

    /// <summary>Counts the bytes of the band for so many outputs of a phase.</summary>
    public long Bytes(int outputs) => ((long)_y.Places(outputs) * Row * _bytes + 319) / 64 * 64;

    /// <summary>Writes the copy of the rows that outputs <paramref name="first"/> on need, so many of them, of image number <paramref name="image"/>.</summary>
    public Expression Fill(Expression image, Expression first, Expression outputs, Expression into)
    {
        if (_chain is not null)
            return Compute(_chain, image, first, outputs, into);
        long row = (long)_width * _channels * _bytes;
        long element = (long)_channels * _bytes;
        var source = Add(
            _code.Address(new Slot.Node(Geometry.Source(_image))),
            Plus(Times(image, _image.Shape[1].Value * row), Skipped * element)
        );
        var rows = Plus(Times(Plus(outputs, -1), _y.Scale), _y.Span);
        var fill = Calling(
            typeof(Bands),
            nameof(Bands.Fill),
            source,
            Plus(Times(first, _y.Scale), -_y.Low),
            Constant((long)_y.Source),
            Constant(row),
            Constant(_left * element),
            Constant(_copied * element),
            Constant((_places - _left - _copied) * element),
            rows,
            into
        );
        return _gap == 0
            ? fill
            : Block(
                fill,
                Calling(typeof(Bands), nameof(Bands.Spread), into, Times(rows, _places), Constant(element), Constant((long)_gap * _bytes))
            );
    }

    /// <summary>Computes the rows instead of copying them. A vector may run past its pixel or row: what comes after is written later.</summary>
    Expression Compute(Chain chain, Expression image, Expression first, Expression outputs, Expression into)
    {
        var full = _image.Shape;
        var strides = chain.Operands.ToDictionary(o => o, o => Layout.BroadcastStrides(o.Shape, full));
        // pixels that follow each other everywhere are one run of elements
        bool flat = _gap == 0 && chain.Operands.All(o => Geometry.ColumnStride(o, full, _width * _channels) is not null);
        int pixels = flat ? 1 : _copied,
            channels = flat ? _copied * _channels : _channels;
        var (y, end, at, x, c) = (_code.Long("y"), _code.Long("yEnd"), _code.Long("to"), _code.Long("x"), _code.Long("c"));
        var row = new List<Expression>();
        var loads = new Dictionary<Expr, Expression>();
        foreach (var o in chain.Operands)
        {
            var (s, start, address) = (strides[o], _code.Long("from"), _code.Address(new Slot.Node(Geometry.Source(o))));
            row.Add(Assign(start, Plus(Add(Times(image, s[0]), Times(y, s[1])), (long)Skipped * s[2])));
            Expression pixel = flat ? start : Add(start, Times(x, s[2]));
            bool along = flat ? Geometry.ColumnStride(o, full, _width * _channels) == 1 : s[3] != 0;
            loads[o] = along ? _lanes.Load(o.DType, address, Add(pixel, c)) : _lanes.LoadOne(o.DType, address, pixel);
        }
        var vector = new List<Expression>();
        var value = chain.Vector(o => loads[o], vector);
        long begin = (long)_left * Pixel,
            after = (long)(_left + _copied) * Pixel;
        vector.Add(_lanes.Store(_lanes.Type, value, into, Add(Plus(at, begin), Add(Times(x, Pixel), c))));
        row.AddRange(
            Clear(at, begin),
            Assign(x, Constant(0L)),
            While(x, Constant((long)pixels), 1, Assign(c, Constant(0L)), While(c, Constant((long)channels), _lanes.Count, vector)),
            Clear(Plus(at, after), Row - after)
        );
        return Block(
            Assign(y, Plus(Times(first, _y.Scale), -_y.Low)),
            Assign(end, Add(y, Plus(Times(Plus(outputs, -1), _y.Scale), _y.Span))),
            Assign(at, Constant(0L)),
            While(
                y,
                end,
                1,
                IfThenElse(OrElse(LessThan(y, Constant(0L)), GreaterThanOrEqual(y, Constant((long)_y.Source))), Clear(at, Row), Block(row)),
                Assign(at, Plus(at, Row))
            )
        );

        Expression Clear(Expression from, long elements) =>
            elements == 0
                ? Empty()
                : Calling(typeof(Bands), nameof(Bands.Clear), Add(into, Times(from, _bytes)), Constant(elements * _bytes));
    }

    /// <summary>Gives, for an image that is read in place, the element where outputs <paramref name="first"/> on begin.</summary>
    public Expression Start(Expression image, Expression first) =>
        Add(Times(image, (long)_image.Shape[1].Value * Row), Times(first, _y.Scale * Row));
}
