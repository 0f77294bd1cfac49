namespace Cv.Dsl;

/// <summary>Checks the operands of ops that slide windows over images: [N, H, W, C], of floats, where only the batch may be a symbol.</summary>
static class Images
{
    public static void Check(string op, string what, TensorType images)
    {
        var shape = images.Shape;
        if (shape.Rank != 4 || !new Shape(shape.Dims[1..]).IsKnown)
            throw new ShapeException(
                $"{op}: {what} must be [N, height, width, channels], all but N known; got {images}. {(shape.Rank == 4 ? "Give the dims numbers." : "Reshape them, grey ones to one channel: .Reshape(-1, 28, 28, 1)?")}"
            );
    }

    public static void CheckFilters(string op, TensorType filters)
    {
        if (filters.Shape.Rank != 4 || !filters.Shape.IsKnown)
            throw new ShapeException(
                $"{op}: filters must be [height, width, channels in a group, filters], all known; got {filters}. Reshape or transpose them."
            );
    }

    /// <summary>Checks that the results are as many as the windows.</summary>
    public static void CheckResults(string op, TensorType results, int height, int width)
    {
        if (results.Shape[1] != height || results.Shape[2] != width)
            throw new ShapeException(
                $"{op}: there must be a result for each window; got {results} for {height} x {width} windows. Give the windows that the results were made with."
            );
    }

    public static void CheckBatch(string op, TensorType a, TensorType b)
    {
        if (a.Shape[0] != b.Shape[0])
            throw new ShapeException(
                $"{op}: batches must agree; got {a} and {b} ({a.Shape[0]} != {b.Shape[0]} at axis 0). Give both the same number or the same symbol."
            );
    }

    /// <summary>Prints the windows of both axes, and what they share once.</summary>
    public static string Text(Window y, Window x) => y == x ? $" {y.Size}x{y}" : $" ({y})x({x})";
}
