namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Describes images by histograms of oriented gradients: for each cell of pixels and each range of directions, the mean length of the brightness's gradients in that
    /// direction. [N, H, W, C] becomes [N, H / cell, W / cell, orientations], divisions rounded down; C is 3, red, green and blue, or 1.
    /// </summary>
    /// <param name="images">The images, f32 or f64; what all pixels share, such as a channel's mean, makes no difference.</param>
    /// <param name="cell">The height and width of a cell in pixels; pixels beyond the last whole cell are left out.</param>
    /// <param name="orientations">The number of ranges that half a turn is cut into. The first begins straight up, and with an odd number one lies around the horizontal.</param>
    /// <param name="blocks">
    /// Tells whether to divide by the length of all numbers of each 2 x 2 cells, so that contrast makes no difference either: [N, H / cell - 1, W / cell - 1, 4 orientations].
    /// </param>
    /// <remarks>
    /// Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (2005), in the form of CS231n's assignment 1: a gradient is the difference from the next pixel to
    /// the right and below, 0 at the last; each pixel votes for one range, and without blocks nothing is normalised. As in the paper, and unlike the assignment's
    /// program, which leaves out gradients that point left, a direction and its opposite are one. Directions are told apart by cross products, without an arc tangent.
    /// </remarks>
    /// <example><code>Expr features = Expr.Concat(1, images.Hog(8, 9).Flatten(), images.HueHistogram(10));   // f32[N,32,32,3] -> f32[N,154]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, C 1 or 3, or smaller than a cell, or with blocks than two.</exception>
    /// <exception cref="GraphException">There is not one orientation, or not one pixel in a cell.</exception>
    public static Expr Hog(this Expr images, int cell = 8, int orientations = 9, bool blocks = false)
    {
        const string op = "hog";
        Draws.CheckColours(op, images);
        if (cell < 1 || orientations < 1)
            throw new GraphException(
                $"{op}: a cell must have a pixel, and there must be an orientation; got {cell} and {orientations}. 8 and 9 are usual."
            );
        if (orientations > MostOrientations)
            throw new GraphException($"{op}: there must be at most {MostOrientations} orientations; got {orientations}. 9 are usual.");
        int least = blocks ? ((Extents)2 * cell).Fit(op, "two cells") : cell;
        if (images.Shape[1].Value < least || images.Shape[2].Value < least)
            throw new ShapeException(
                $"{op}: images must be at least {least} x {least}, for cells of {cell}; got {images.Type}. Take smaller cells."
            );
        var grey = images.Grey();
        Expr down = ToNext(grey, 1),
            right = ToNext(grey, 2);
        var length = (right * right + down * down).Sqrt();
        // a direction and its opposite are one: turn what points left, or straight down
        var turn = (right < 0f) | (right.EqualTo(right.Like(0)) & (down > 0f));
        var (x, y) = (Expr.Select(turn, -right, right), Expr.Select(turn, -down, down));
        var votes = orientations == 1 ? length : Expr.Select(IsBetween(x, y, orientations), length, length.Like(0));
        var cells = votes.AvgPool(cell, padding: Padding.Valid.Floor());
        return blocks ? Blocks(cells) : cells;
    }

    /// <inheritdoc cref="Hog(Expr, int, int, bool)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="cell">The height and width of a cell in pixels.</param>
    /// <param name="orientations">The number of ranges that half a turn is cut into.</param>
    /// <param name="blocks">Tells whether to divide by the length of all numbers of each 2 x 2 cells.</param>
    public static Model Hog(this Model model, int cell = 8, int orientations = 9, bool blocks = false) =>
        model.ThenVerb("hog", x => x.Hog(cell, orientations, blocks));

    const int MostOrientations = 4096;

    static Expr ToNext(Expr x, int axis)
    {
        int before = x.Shape[axis].Value - 1;
        return (x.Slice(axis, 1, before) - x.Slice(axis, 0, before)).Pad(axis, 0, 1);
    }

    /// <summary>Tells for each range of directions, along the last axis, whether a vector of the right half lies in it, its lower border included.</summary>
    static Expr IsBetween(Expr right, Expr down, int ranges)
    {
        var angles = Enumerable.Range(0, ranges + 1).Select(k => Math.PI * ((double)k / ranges - 0.5)).ToArray();
        return (Cross(angles[..^1]) >= 0f) & (Cross(angles[1..]) < 0f);

        // a vector lies on or past an angle where the cross product of the angle's vector and it is at least 0
        Expr Cross(double[] from)
        {
            Expr cos = Expr.Literal([1, 1, 1, ranges], Array.ConvertAll(from, CosOf), right.DType),
                sin = Expr.Literal([1, 1, 1, ranges], Array.ConvertAll(from, Math.Sin), right.DType);
            return cos * down - sin * right;
        }

        // of a right angle, 0: a rounded one would lose what points straight up
        static double CosOf(double angle) => Math.Abs(angle) == Math.PI / 2 ? 0 : Math.Cos(angle);
    }

    static Expr Blocks(Expr cells)
    {
        int rows = cells.Shape[1].Value - 1,
            columns = cells.Shape[2].Value - 1;
        var corners = new[] { (0, 0), (0, 1), (1, 0), (1, 1) };
        var block = Expr.Concat(3, [.. corners.Select(c => cells.Crop(c.Item1, c.Item2, rows, columns))]);
        return block / ((block * block).Sum([3], keepDims: true) + 1e-10).Sqrt();
    }
}
