using System.Linq.Expressions;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes pools and their adjoints: for each window, a vector of channels at a time. The adjoint of a maximum finds the place of the maximum
/// again. Where windows share pixels or leave some out, an image is one unit of work, cleared and then added to window by window.
/// </summary>
sealed class PoolEmitter
{
    const int MostUnrolled = 16;

    readonly PoolStep _step;
    readonly Lanes _lanes;
    readonly Code _code = new();
    readonly Window _y;
    readonly Window _x;
    readonly bool _takesMax;
    readonly bool _backward;
    readonly int _images;
    readonly int _height;
    readonly int _width;
    readonly int _channels;
    readonly int _rows;
    readonly int _columns;
    readonly TileEpilogue _epilogue;
    readonly DType _type;
    readonly int _workers;

    PoolEmitter(PoolStep step, Lanes lanes, int workers)
    {
        (_step, _lanes, _workers) = (step, lanes, workers);
        var (op, operands) = (step.Product.Op, step.Product.Operands);
        var pool = (Pooling)op;
        (_y, _x) = (pool.Y, pool.X);
        var result = step.Product.Shape;
        (_takesMax, _backward, Shape image, Shape windows) = op switch
        {
            MaxPool2d => (true, false, operands[0].Shape, result),
            MaxPool2dInput => (true, true, result, operands[1].Shape),
            SumPool2d => (false, false, operands[0].Shape, result),
            SumPool2dInput => (false, true, result, operands[0].Shape),
            _ => throw new InvalidOperationException($"pool: no kernel for {op.Name}."),
        };
        (_images, _height, _width, _channels) = (image[0].Value, image[1].Value, image[2].Value, image[3].Value);
        (_rows, _columns) = (windows[1].Value, windows[2].Value);
        _type = step.Product.DType;
        _epilogue = new(step, lanes, _code, workers, 1, lanes.Count);
    }

    public static KernelCode Emit(PoolStep step, Lanes lanes, int workers) => new PoolEmitter(step, lanes, workers).Kernel();

    KernelCode Kernel()
    {
        var (unit, image, row, column) = (_code.Long("unit"), _code.Long("image"), _code.Long("row"), _code.Long("column"));
        var windows = Block(
            Assign(column, Constant(0L)),
            While(column, Constant((long)_columns), 1, OverChannels((channel, columns) => OneWindow(image, row, column, channel, columns)))
        );
        Expression lines;
        long units;
        if (_step.IsOnce)
        {
            units = (long)_images * _rows;
            lines = Block(Assign(image, Divide(unit, Constant((long)_rows))), Assign(row, Modulo(unit, Constant((long)_rows))), windows);
        }
        else
        {
            units = _images;
            long bytes = (long)_height * _width * _channels * _type.ByteSize();
            var result = _code.Address(new Slot.Node(_step.Product), write: true);
            lines = Block(
                Assign(image, unit),
                Calling(typeof(Bands), nameof(Bands.Clear), Add(result, Times(image, bytes)), Constant(bytes)),
                Assign(row, Constant(0L)),
                While(row, Constant((long)_rows), 1, windows)
            );
        }
        var body = Block(Assign(unit, _code.From), While(unit, _code.To, 1, lines));
        double work = (double)_images * _rows * _columns * _channels * _y.Size * _x.Size * (_takesMax ? 2 : 1);
        return _code.Close($"{_step.Product.Op.Name} {_step.Product.Shape}{_step.Epilogue}", body, units, work);
    }

    /// <summary>Writes the loop over vectors of channels; the last one may count in part.</summary>
    BlockExpression OverChannels(Func<Expression, int, Expression> body)
    {
        var channel = _code.Long("channel");
        int whole = _channels / _lanes.Count * _lanes.Count,
            rest = _channels - whole;
        var lines = new List<Expression> { Assign(channel, Constant(0L)) };
        if (whole > 0)
            lines.Add(While(channel, Constant((long)whole), _lanes.Count, body(channel, _lanes.Count)));
        if (rest > 0)
            lines.Add(body(channel, rest));
        return Block(lines);
    }

    /// <summary>Writes one window of one vector of channels.</summary>
    BlockExpression OneWindow(Expression image, Expression row, Expression column, Expression channel, int count)
    {
        var lines = new List<Expression>();
        var (top, left, at) = (_code.Long("top"), _code.Long("left"), _code.Long("windowAt"));
        lines.Add(Assign(top, Plus(Times(row, _y.Stride), -_y.Low)));
        lines.Add(Assign(left, Plus(Times(column, _x.Stride), -_x.Low)));
        lines.Add(Assign(at, Add(Times(image, (long)_rows * _columns), Add(Times(row, _columns), column))));
        if (_takesMax)
        {
            var (chosen, value) = Maximum(image, top, left, channel, lines);
            if (!_backward)
                lines.AddRange(Finish(value!, at, channel, count));
            else
                Spread(image, top, left, channel, count, at, chosen, lines);
        }
        else if (_backward)
        {
            Spread(image, top, left, channel, count, at, null, lines);
        }
        else
        {
            var sum = _code.Local(_lanes.Vector, "sum");
            lines.Add(Assign(sum, _lanes.Constant(0, _type)));
            Expression Tap(Expression pixel) => Assign(sum, Add(sum, LoadPixel(_step.Product.Operands[0], image, pixel, channel)));
            long taps = (long)_y.Size * _x.Size;
            if (LongSums.Cuts(taps))
                lines.AddRange(LongWindow(top, left, taps, sum, Tap));
            else
                lines.Add(OverTaps(top, left, (pixel, _) => Tap(pixel)));
            lines.AddRange(Finish(sum, at, channel, count));
        }
        return Block(lines);
    }

    /// <summary>Adds up a window of many pixels in blocks, which a tower adds up.</summary>
    IEnumerable<Expression> LongWindow(
        Expression top,
        Expression left,
        long taps,
        ParameterExpression sum,
        Func<Expression, Expression> tap
    )
    {
        long bytes = LongSums.Levels(taps) * (long)_lanes.Count * _lanes.Type.ByteSize();
        var tower = new SumTower(_code, _lanes, _code.Scratch(_step.Product, "tower", (bytes + 127) / 64 * 64, _workers), _lanes.Count);
        var since = _code.Long("since");
        Expression[] hand =
        [
            tower.Push(Constant(0L), [(sum, 0)]),
            tower.Next(),
            Assign(sum, _lanes.Constant(0, _type)),
            Assign(since, Constant(0L)),
        ];
        var full = Equal(since, Constant((long)LongSums.Block));
        return
        [
            tower.Begin(),
            Assign(since, Constant(0L)),
            OverTaps(top, left, (pixel, _) => Block(tap(pixel), Assign(since, Plus(since, 1)), IfThen(full, Block(hand)))),
            .. hand,
            tower.Total(Constant(0L), [(sum, 0)]),
        ];
    }

    /// <summary>
    /// Finds the first place of the maximum in each lane, a NaN being larger than any number, and, going forward, the value there.
    /// </summary>
    (ParameterExpression Chosen, ParameterExpression? Value) Maximum(
        Expression image,
        Expression top,
        Expression left,
        Expression channel,
        List<Expression> lines
    )
    {
        var (chooser, values) = (_step.Product.Operands[0], _backward ? null : _step.Product.Operands[1]);
        var (largest, chosen, x, none) = (
            _code.Local(_lanes.Vector, "largest"),
            _code.Local(_lanes.Vector, "chosen"),
            _code.Local(_lanes.Vector, "x"),
            _code.Local(_lanes.Vector, "none")
        );
        bool own = values is not null && values == chooser;
        var value =
            own ? largest
            : values is null ? null
            : _code.Local(_lanes.Vector, "value");
        var take = _code.Local(_lanes.Vector, "take");
        lines.Add(Assign(largest, _lanes.Constant(0, _type)));
        lines.Add(Assign(none, _lanes.Constant(1, DType.Bool)));
        if (value is not null && !own)
            lines.Add(Assign(value, largest));
        if (values is null)
            lines.Add(Assign(chosen, largest));
        lines.Add(
            OverTaps(
                top,
                left,
                (pixel, tap) =>
                {
                    Expression larger = _lanes.AsFloat(_lanes.Call("GreaterThan", x, largest));
                    Expression isNaN = OnesComplement(_lanes.AsFloat(_lanes.Call("Equals", x, x)));
                    Expression isNumber = _lanes.AsFloat(_lanes.Call("Equals", largest, largest));
                    var step = new List<Expression>
                    {
                        Assign(x, LoadPixel(chooser, image, pixel, channel)),
                        Assign(take, Or(Or(larger, And(isNaN, isNumber)), none)),
                        Assign(none, _lanes.Constant(0, _type)),
                        Assign(largest, _lanes.Select(take, x, largest)),
                    };
                    if (values is null)
                        step.Add(Assign(chosen, _lanes.Select(take, Number(tap), chosen)));
                    else if (!own)
                        step.Add(Assign(value!, _lanes.Select(take, LoadPixel(values, image, pixel, channel), value!)));
                    return Block(step);
                }
            )
        );
        return (chosen, value);
    }

    /// <summary>Writes the window's result to its pixels: to all of them, or where the maximum is.</summary>
    void Spread(
        Expression image,
        Expression top,
        Expression left,
        Expression channel,
        int count,
        Expression at,
        Expression? chosen,
        List<Expression> lines
    )
    {
        var cotangent = _code.Local(_lanes.Vector, "dy");
        var source = _code.Address(new Slot.Node(Geometry.Source(_step.Product.Operands[^1])));
        lines.Add(Assign(cotangent, _lanes.Load(_type, source, Add(Times(at, _channels), channel))));
        lines.Add(
            OverTaps(
                top,
                left,
                (pixel, tap) =>
                {
                    Expression value = chosen is null
                        ? cotangent
                        : _lanes.Select(_lanes.AsFloat(_lanes.Call("Equals", chosen, Number(tap))), cotangent, _lanes.Constant(0, _type));
                    var row = Add(Times(image, (long)_height * _width), pixel);
                    if (_step.IsOnce)
                        return Block(Finish(value, row, channel, count));
                    var result = _code.Address(new Slot.Node(_step.Product), write: true);
                    var to = _code.Long("to");
                    return Block(
                        Assign(to, Add(Times(row, _channels), channel)),
                        _lanes.Store(_type, Add(_lanes.Load(_type, result, to), value), result, to, _lanes.Part(count))
                    );
                }
            )
        );
    }

    /// <summary>Hands one vector of the result to the epilogue.</summary>
    List<Expression> Finish(Expression value, Expression row, Expression channel, int count)
    {
        var local = _code.Local(_lanes.Vector, "y");
        return
        [
            Assign(local, value),
            .. _epilogue.Finish(
                new[,]
                {
                    { local },
                },
                row,
                1,
                channel,
                count
            ),
        ];
    }

    /// <summary>Fills every lane with a tap's number.</summary>
    Expression Number(Expression tap) => _lanes.Broadcast(Convert(tap, _lanes.Float));

    Expression LoadPixel(Expr from, Expression image, Expression pixel, Expression channel) =>
        _lanes.Load(
            _type,
            _code.Address(new Slot.Node(Geometry.Source(from))),
            Add(Times(Add(Times(image, (long)_height * _width), pixel), _channels), channel)
        );

    /// <summary>Writes a body for each tap inside the image, given its pixel in the image and its number: one after the other, or, when there are many, in loops.</summary>
    BlockExpression OverTaps(Expression top, Expression left, Func<Expression, Expression, Expression> body)
    {
        Expression Pixel(Expression y, Expression x) => Add(Times(y, _width), x);
        if ((long)_y.Size * _x.Size <= MostUnrolled)
        {
            var taps = new List<Expression>();
            for (int ky = 0; ky < _y.Size; ky++)
            for (int kx = 0; kx < _x.Size; kx++)
            {
                var (y, x) = (Plus(top, (long)ky * _y.Dilation), Plus(left, (long)kx * _x.Dilation));
                taps.Add(IfInside(y, x, body(Pixel(y, x), Constant((long)ky * _x.Size + kx))));
            }
            return Block(taps);
        }
        var (i, j, line, place) = (_code.Long("ky"), _code.Long("kx"), _code.Long("y"), _code.Long("x"));
        return Block(
            Assign(i, Constant(0L)),
            While(
                i,
                Constant((long)_y.Size),
                1,
                Assign(line, Add(top, Times(i, _y.Dilation))),
                Assign(j, Constant(0L)),
                While(
                    j,
                    Constant((long)_x.Size),
                    1,
                    Assign(place, Add(left, Times(j, _x.Dilation))),
                    IfInside(line, place, body(Pixel(line, place), Add(Times(i, _x.Size), j)))
                )
            )
        );
    }

    Expression IfInside(Expression y, Expression x, Expression body)
    {
        Expression? test = null;
        void Check(Window window, Expression at, int extent)
        {
            if (window.Low == 0 && window.High == 0)
                return;
            var inside = LessThan(Convert(at, typeof(ulong)), Constant((ulong)extent));
            test = test is null ? inside : AndAlso(test, inside);
        }
        Check(_y, y, _height);
        Check(_x, x, _width);
        return test is null ? body : IfThen(test, body);
    }
}
