using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// The family of convolution and its two adjoints. They are one sum of products, of a pixel of the images x [N, H, W, Ci], a weight of the filters
/// w [KH, KW, Ci / groups, Co] and a result y [N, OH, OW, Co]; each op sums over what its result does not have.
/// </summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
/// <param name="Groups">The parts that the channels are cut into: a filter sees the channels of its own part.</param>
public abstract record Convolution(Window Y, Window X, int Groups) : Op
{
    /// <inheritdoc/>
    public override string Attributes => Images.Text(Y, X) + (Groups == 1 ? "" : $" groups {Groups}");

    /// <summary>Tells that each window is one pixel: the sum over channels is then a matrix product, with a row for each pixel.</summary>
    bool IsPointwise => Groups == 1 && Y.IsIdentity && X.IsIdentity;

    /// <summary>
    /// Gives rows and inner size of the matrix product that the convolution is where its filters see one pixel, or the whole image; else null.
    /// </summary>
    private protected (int Rows, int Inner)? AsProduct(Shape images)
    {
        if (!images.IsKnown)
            return null;
        int[] dims = images.ToArray();
        if (IsPointwise)
            return (Fitted([.. images.Dims[..3]]), dims[3]);
        return Groups == 1 && Y.Covers(dims[1]) && X.Covers(dims[2]) ? (dims[0], Fitted([.. images.Dims[1..]])) : null;

        int Fitted(Dim[] merged) => Extents.Product(merged).Fit(Name, $"the rows or columns of {images} as a matrix");
    }

    /// <summary>Forgets a mask, unless it is one for all: a sum of products mixes elements, and its factors are not masked.</summary>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask?.Shape.Rank == 0 ? mask : null;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => MaskOfOperand(y, operand, mask);

    /// <summary>
    /// Gives the images of all examples to one convolution where they share the filters; else each example becomes a group of it, or as many as there were.
    /// </summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var size = Batching.Size(operands, batched);
        if (this is not Conv2dWeights && !batched[1] && Batching.MergeFirst(operands[0]) is { } images)
            return Expr.Of(this, images, operands[1]).Reshape(Batching.Of(size, y.Shape));
        if (!size.IsKnown)
            return null;
        var merged = Batching.All(operands, batched).Select(Batching.MergeLast).ToImmutableArray();
        return Batching.SplitLast(
            Expr.Of(this with { Groups = ((Extents)Groups * size).Fit(Name, $"the groups of {size} examples") }, merged),
            size.Value
        );
    }

    /// <summary>Checks the groups against the channels.</summary>
    internal static void CheckGroups(string op, int groups, int channels, int filters)
    {
        if (groups < 1 || channels % groups != 0 || filters % groups != 0)
            throw new ShapeException(
                $"{op}: groups must be at least 1 and divide channels and filters; got {groups} groups, {channels} channels, {filters} filters. As many groups as channels make it depthwise."
            );
    }

    /// <summary>Checks that the filters are as large as the windows, and as deep as <paramref name="channels"/> in groups, if known.</summary>
    private protected void CheckFilters(TensorType filters, int? channels, TensorType images)
    {
        Images.CheckFilters(Name, filters);
        var shape = filters.Shape;
        if (shape[0] != Y.Size || shape[1] != X.Size)
            throw new ShapeException(
                $"{Name}: filters must be as large as the windows; got {filters} and windows of {Y.Size} x {X.Size}. Give windows of {shape[0]} x {shape[1]}."
            );
        CheckGroups(
            Name,
            Groups,
            channels ?? ((Extents)shape[2] * Groups).Fit(Name, $"the channels of {Groups} groups of {filters}"),
            shape[3].Value
        );
        if (channels is { } count && shape[2].Value != count / Groups)
            throw new ShapeException(
                $"{Name}: filters must have the channels of one group; got {filters} ({shape[2]} channels) for {images} ({count} in {Groups} groups). Give filters of {count / Groups} channels."
            );
    }

    /// <summary>
    /// Lists the products: the places of a pixel in x, a weight in w and a result in y. What lies in the padding is left out.
    /// </summary>
    private protected IEnumerable<(int X, int W, int Y)> Products(Shape x, Shape w, Shape y)
    {
        int[] images = x.ToArray(),
            filters = w.ToArray(),
            results = y.ToArray();
        int depth = filters[2],
            each = filters[3] / Groups; // filters in a group
        Tap[] across = X.Taps(images[2]);
        foreach (var (oy, ky, iy) in Y.Taps(images[1]))
        foreach (var (ox, kx, ix) in across)
            for (int n = 0; n < images[0]; n++)
            {
                int pixel = ((n * images[1] + iy) * images[2] + ix) * images[3],
                    weight = (ky * filters[1] + kx) * depth * filters[3],
                    result = ((n * results[1] + oy) * results[2] + ox) * results[3];
                for (int c = 0; c < depth; c++)
                for (int f = 0; f < filters[3]; f++)
                    yield return (pixel + f / each * depth + c, weight + c * filters[3] + f, result + f);
            }
    }
}
