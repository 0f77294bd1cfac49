using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>The family of ops that fold each window of each channel of images into one number, and of their adjoints.</summary>
/// <param name="Y">The windows along the height.</param>
/// <param name="X">The windows along the width.</param>
public abstract record Pooling(Window Y, Window X) : Op
{
    /// <summary>Tells that each window is one pixel, and each pixel a window.</summary>
    private protected bool IsIdentity => Y.IsIdentity && X.IsIdentity;

    /// <summary>Tells that the one window is the whole image.</summary>
    private protected bool Covers(Shape images) => Y.Covers(images[1].Value) && X.Covers(images[2].Value);

    /// <inheritdoc/>
    public override string Attributes => Images.Text(Y, X);

    /// <summary>Takes the examples' images as more images, or as more channels.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var size = Batching.Size(operands, batched);
        var all = Batching.All(operands, batched);
        var images = all.Select(Batching.MergeFirst).OfType<Expr>().ToImmutableArray();
        if (images.Length == all.Length)
            return Expr.Of(this, images).Reshape(Batching.Of(size, y.Shape));
        return size.IsKnown ? Batching.SplitLast(Expr.Of(this, all.Select(Batching.MergeLast).ToImmutableArray()), size.Value) : null;
    }

    /// <summary>Checks images and windows, and gives the type of the windows' results.</summary>
    private protected TensorType Pooled(TensorType images)
    {
        Images.Check(Name, "images", images);
        return images with { Shape = images.Shape.With(1, Y.Check(Name, images, 1)).With(2, X.Check(Name, images, 2)) };
    }

    /// <summary>Lists the pairs of a pixel and a window that covers it, as places in images and results; a window's pixels come in row-major order.</summary>
    private protected IEnumerable<(int Pixel, int Result)> Pairs(Shape images, Shape results)
    {
        int[] from = images.ToArray(),
            to = results.ToArray();
        Tap[] across = X.Taps(from[2]);
        foreach (var (oy, _, iy) in Y.Taps(from[1]))
        foreach (var (ox, _, ix) in across)
            for (int n = 0; n < from[0]; n++)
            for (int c = 0; c < from[3]; c++)
                yield return (((n * from[1] + iy) * from[2] + ix) * from[3] + c, ((n * to[1] + oy) * to[2] + ox) * to[3] + c);
    }

    /// <summary>Finds, for each window, the place of its largest pixel: the first of several that tie, the first NaN if there is one.</summary>
    private protected int[] Largest(double[] x, Shape images, Shape results)
    {
        var places = new int[results.Size];
        Array.Fill(places, -1);
        foreach (var (pixel, result) in Pairs(images, results))
        {
            ref int place = ref places[result];
            if (place < 0 || x[pixel] > x[place] || (double.IsNaN(x[pixel]) && !double.IsNaN(x[place])))
                place = pixel;
        }
        return places;
    }
}
