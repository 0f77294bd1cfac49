namespace Cv.Dsl;

/// <summary>
/// Says how many zeros stand around images while windows slide over them: none (the default), as many as keep the size, or a number for each side. A number
/// alone is a padding too: 2 is two zeros on every side.
/// </summary>
/// <remarks>
/// Windows must come out even: the last one ends with the image and its zeros, else the line that slides them is an error (CS231n notes, "Constraints on
/// strides"). <see cref="Floor"/> lets pixels be left over; <see cref="Same"/> always fits.
/// </remarks>
/// <example><code>Expr h = x.Conv(16, 5, padding: 2).Relu().MaxPool(2).Conv(32, 3, stride: 2, padding: Padding.Same);</code></example>
public readonly record struct Padding
{
    readonly int _top,
        _bottom,
        _left,
        _right;
    readonly bool _same,
        _floor;

    Padding(int top, int bottom, int left, int right, bool same, bool floor)
    {
        (_top, _bottom, _left, _right) = (top, bottom, left, right);
        (_same, _floor) = (same, floor);
    }

    /// <summary>Puts no zeros around: windows lie on pixels alone.</summary>
    public static Padding Valid => default;

    /// <summary>
    /// Puts so many zeros around that a stride of 1 keeps the size, and another divides it, rounded up: ceil(extent / stride) windows. An odd zero stands at the
    /// bottom or right, as in TensorFlow.
    /// </summary>
    public static Padding Same => new(0, 0, 0, 0, same: true, floor: false);

    /// <summary>Puts as many zeros on every side.</summary>
    public static Padding Of(int all) => Of(all, all, all, all);

    /// <summary>Puts <paramref name="vertical"/> zeros above and below, <paramref name="horizontal"/> left and right.</summary>
    public static Padding Of(int vertical, int horizontal) => Of(vertical, vertical, horizontal, horizontal);

    /// <summary>Puts so many zeros on each side.</summary>
    public static Padding Of(int top, int bottom, int left, int right) => new(top, bottom, left, right, same: false, floor: false);

    /// <summary>Reads a number as so many zeros on every side.</summary>
    public static implicit operator Padding(int all) => Of(all);

    /// <summary>Lets pixels at the bottom and right be left over where the windows do not come out even, as PyTorch does.</summary>
    /// <example><code>Expr h = x.Conv(64, 3, stride: 2, padding: Padding.Of(1).Floor());   // f32[N,32,32,3] -> f32[N,16,16,64]</code></example>
    public Padding Floor() => new(_top, _bottom, _left, _right, _same, floor: true);

    /// <summary>Prints the zeros above, below, left and right: (1,1,2,2); or same.</summary>
    public override string ToString() => (_same ? "same" : $"({_top},{_bottom},{_left},{_right})") + (_floor ? " floor" : "");

    /// <summary>Gives windows of a height and width over images, with the zeros filled in.</summary>
    internal (Window Y, Window X) Windows(string op, TensorType images, int height, int width, int stride, int dilation)
    {
        Images.Check(op, "images", images);
        Window y = new(height, stride, _top, _bottom, dilation),
            x = new(width, stride, _left, _right, dilation);
        return (Along(op, images, 1, y), Along(op, images, 2, x));
    }

    /// <summary>Gives the windows whose results the given ones are, and how large their images were.</summary>
    internal (Window Y, Window X, int Height, int Width) Transposed(
        string op,
        TensorType results,
        int height,
        int width,
        int stride,
        int dilation,
        int more
    )
    {
        Images.Check(op, "images", results);
        if (more < 0 || more >= Math.Max(stride, 1) || (more > 0 && _same))
            throw new ShapeException(
                $"{op}: output padding must be at least 0 and under the stride, and 0 with the padding \"same\"; got {more} at stride {stride}, padding {this}. It adds rows and columns that no window needs."
            );
        var (y, rows) = Transposed(op, results, 1, new(height, stride, _top, _bottom, dilation), more);
        var (x, columns) = Transposed(op, results, 2, new(width, stride, _left, _right, dilation), more);
        return (y, x, rows, columns);
    }

    Window Along(string op, TensorType images, int axis, Window window)
    {
        window.Check(op);
        int extent = images.Shape[axis].Value;
        if (_same)
        {
            var last = (Extents.PiecesOf(extent, window.Stride) - 1) * window.Stride;
            int zeros = (last + window.Extent - extent).AtLeast(0).Fit(op, $"the zeros that keep axis {axis} of {images}");
            return window with { Low = zeros / 2, High = zeros - zeros / 2 };
        }
        int count = window.Check(op, images, axis);
        long padded = ((Extents)extent + window.Low + window.High).Value,
            over = (new Extents(padded) - window.Extent - ((Extents)count - 1) * window.Stride).Value;
        if (over > 0 && !_floor)
            throw new ShapeException(
                $"{op}: the last window must end with the image and its padding; got {window.Extent} pixels every {window.Stride} over {padded} (axis {axis} of {images}), which leaves {over}. Pad {window.Stride - over} more at the end, or leave them out: .Floor() of the padding?"
            );
        return window;
    }

    (Window Window, int Extent) Transposed(string op, TensorType results, int axis, Window window, int more)
    {
        window.Check(op);
        int count = results.Shape[axis].Value;
        if (_same)
        {
            int zeros = Math.Max(0, window.Extent - window.Stride);
            return (
                window with
                {
                    Low = zeros / 2,
                    High = zeros - zeros / 2,
                },
                ((Extents)count * window.Stride).Fit(op, $"axis {axis} of the images that {results} come from")
            );
        }
        var extent = ((Extents)count - 1) * window.Stride + window.Extent - window.Low - window.High + more;
        if (extent.Value < 1)
            throw new ShapeException(
                $"{op}: padding must leave a pixel; got {extent.Value} of {count} windows of {window.Extent} every {window.Stride} less {window.Low} and {window.High} (axis {axis} of {results}). Pad less: here, padding is what is cut off."
            );
        return (window, extent.Fit(op, $"axis {axis} of the images that {results} come from"));
    }
}
