namespace Cv.Dsl;

/// <summary>
/// Says how windows slide along one axis of an image: each covers <paramref name="Size"/> pixels, <paramref name="Dilation"/> apart, and the next begins
/// <paramref name="Stride"/> pixels further on.
/// </summary>
/// <param name="Size">The pixels that one window covers, at least 1.</param>
/// <param name="Stride">The distance from one window to the next, at least 1.</param>
/// <param name="Low">The zeros before the first pixel.</param>
/// <param name="High">The zeros after the last pixel.</param>
/// <param name="Dilation">The distance between neighbours in a window, at least 1.</param>
/// <example><code>int windows = new Window(5, Low: 2, High: 2).Count(32);   // 32: as many as there are pixels</code></example>
public readonly record struct Window(int Size, int Stride = 1, int Low = 0, int High = 0, int Dilation = 1)
{
    /// <summary>Counts the pixels from a window's first to its last, both included.</summary>
    public int Extent => Span.Fit("window", $"the pixels from the first to the last of a window {this}");

    Extents Span => ((Extents)Size - 1) * Dilation + 1;

    /// <summary>Counts the windows that fit into <paramref name="extent"/> pixels and the zeros around them. Where the last one leaves pixels over, they are not read.</summary>
    public int Count(int extent)
    {
        long rest = ((Extents)extent + Low + High - Span).Value;
        return rest < 0 ? 0 : (new Extents(rest / Stride) + 1).Fit("window", $"the windows {this} over {extent} pixels");
    }

    /// <summary>Gives the pixel under a place of a window; one below 0, or beyond the last pixel, is a zero of the padding.</summary>
    /// <exception cref="ShapeException">It is so far away that no int counts it.</exception>
    public int Pixel(int window, int place)
    {
        long pixel = ((Extents)window * Stride + (Extents)place * Dilation - Low).Value;
        return pixel is >= int.MinValue and <= int.MaxValue
            ? (int)pixel
            : throw new ShapeException($"window: a place must lie within 2^31 pixels; got {pixel} (window {this}). Take smaller numbers.");
    }

    /// <summary>Tells that each window is one pixel, and each pixel a window.</summary>
    internal bool IsIdentity => this with { Dilation = 1 } == new Window(1);

    /// <summary>Tells that the one window is all of the pixels, and no padding.</summary>
    internal bool Covers(int extent) => Low == 0 && High == 0 && Size == extent && Extent == extent;

    /// <summary>Prints size, stride, zeros and dilation; what is usual is left out: 3 stride 2 pad 1 1.</summary>
    public override string ToString() =>
        $"{Size}"
        + (Stride == 1 ? "" : $" stride {Stride}")
        + (Low == 0 && High == 0 ? "" : $" pad {Low} {High}")
        + (Dilation == 1 ? "" : $" dilation {Dilation}");

    /// <summary>Checks the numbers alone.</summary>
    /// <exception cref="ShapeException">A size, stride or dilation is under 1, or a count of zeros under 0.</exception>
    internal void Check(string op)
    {
        if (Size < 1 || Stride < 1 || Dilation < 1)
            throw new ShapeException(
                $"{op}: a window's size, stride and dilation must be at least 1; got size {Size}, stride {Stride}, dilation {Dilation}. Give 1 for what does not matter."
            );
        if (Low < 0 || High < 0)
            throw new ShapeException(
                $"{op}: counts of zeros must be at least 0; got low {Low}, high {High}. Crop the images, to take pixels away: .Slice(...)?"
            );
    }

    /// <summary>Checks that a window fits into the images along an axis, and counts the windows.</summary>
    /// <exception cref="ShapeException">No window fits, or the window is none.</exception>
    internal int Check(string op, TensorType images, int axis)
    {
        Check(op);
        int extent = images.Shape[axis].Value;
        int padded = ((Extents)extent + Low + High).Fit(op, $"axis {axis} of {images} with the zeros around it (window {this})");
        long length = Span.Value;
        if (length > padded)
            throw new ShapeException(
                $"{op}: a window must fit into the image and its padding; got {length} pixels (window {this}) over {padded} (axis {axis} of {images}). Pad more, or take a smaller window."
            );
        return Count(extent);
    }

    /// <summary>Checks that each window covers a pixel, and not padding alone.</summary>
    /// <exception cref="ShapeException">A window lies in the padding.</exception>
    internal void CheckEachSees(string op, TensorType images, int axis)
    {
        int extent = images.Shape[axis].Value,
            count = Count(extent);
        if (FirstBlind(extent, count) is { } window)
            throw new ShapeException(
                $"{op}: each window must cover a pixel; got window {window} of {count} (window {this}) in the padding alone, on axis {axis} of {images}. Pad less."
            );
    }

    /// <summary>Lists what the windows cover along an axis, window by window; zeros of the padding are left out.</summary>
    internal Tap[] Taps(int extent)
    {
        var taps = new List<Tap>();
        for (int window = 0, count = Count(extent); window < count; window++)
            taps.AddRange(Pixels(window, extent));
        return [.. taps];
    }

    IEnumerable<Tap> Pixels(int window, int extent)
    {
        for (int place = 0; place < Size; place++)
            if (Pixel(window, place) is >= 0 and var pixel && pixel < extent)
                yield return new(window, place, pixel);
    }

    /// <summary>Finds the first window that covers no pixel, without a walk over all windows; null where each covers one.</summary>
    long? FirstBlind(int extent, int count)
    {
        // those that begin before the image: where their places step over it, what is left over repeats with the dilation
        long before = Math.Min(count, Extents.PiecesOf(Low, Stride).Value);
        for (long window = 0; window < Math.Min(before, Dilation); window++)
            if (!Sees(window, extent))
                return window;
        // those that begin in the image see their first pixel, and those behind it none
        long behind = Extents.PiecesOf((Extents)extent + Low, Stride).Value;
        return behind < count ? behind : null;
    }

    bool Sees(long window, int extent)
    {
        long ahead = Low - window * Stride,
            place = Math.Max(0, (ahead + Dilation - 1) / Dilation);
        return place < Size && place * Dilation - ahead < extent;
    }
}

/// <summary>Says that a place of a window lies on a pixel.</summary>
readonly record struct Tap(int Window, int Place, int Pixel);
