namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Averages the pixels of each window, channel by channel: [N, H, W, C] becomes [N, OH, OW, C].</summary>
    /// <param name="x">The images, f32 or f64.</param>
    /// <param name="size">The height and width of a window.</param>
    /// <param name="stride">The distance from one window to the next; the size, if none is given.</param>
    /// <param name="padding">The zeros around the images; none if not given.</param>
    /// <param name="countPadding">Tells whether zeros of the padding count as pixels; if not, a window at the edge averages what it covers.</param>
    /// <example><code>Expr half = x.AvgPool(2);   // f32[N,28,28,1] -> f32[N,14,14,1]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the windows do not come out even.</exception>
    public static Expr AvgPool(this Expr x, int size, int? stride = null, Padding padding = default, bool countPadding = true)
    {
        const string op = "avg_pool";
        var (y, across) = padding.Windows(op, x.Type, size, size, stride ?? size, 1);
        var sums = x.SumPool2d(y, across);
        if (countPadding)
            return sums / ((double)size * size);
        y.CheckEachSees(op, x.Type, 1);
        across.CheckEachSees(op, x.Type, 2);
        // beyond some pixels, the counts are a pool of ones, which no array holds
        if ((Extents)y.Count(x.Shape[1].Value) * across.Count(x.Shape[2].Value) is var windows && windows.Value > MostCounts)
            return sums / x.Like(1).BroadcastTo(new Shape(1, x.Shape[1], x.Shape[2], 1)).SumPool2d(y, across);
        int[] rows = Covered(y, x.Shape[1].Value),
            columns = Covered(across, x.Shape[2].Value);
        double[] counts = [.. rows.SelectMany(row => columns, (row, column) => (double)row * column)];
        return Array.TrueForAll(counts, count => count == counts[0])
            ? sums / counts[0]
            : sums / Expr.Literal([1, rows.Length, columns.Length, 1], counts, x.DType);
    }

    /// <inheritdoc cref="AvgPool(Expr, int, int?, Padding, bool)"/>
    public static Model AvgPool(this Model model, int size, int? stride = null, Padding padding = default, bool countPadding = true) =>
        model.ThenVerb("avgpool", x => x.AvgPool(size, stride, padding, countPadding));

    /// <summary>Counts the pixels under each window.</summary>
    const int MostCounts = 1 << 16;

    static int[] Covered(Window window, int extent)
    {
        var counts = new int[window.Count(extent)];
        foreach (var tap in window.Taps(extent))
            counts[tap.Window]++;
        return counts;
    }
}
