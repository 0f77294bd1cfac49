namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>
    /// Builds a residual net for small images: a convolution, then three groups of blocks with 16, 32 and 64 filters, each a sum of its input and two normalised
    /// convolutions of 3 x 3; the second and third group halve the image. The mean of each channel gives the scores.
    /// </summary>
    /// <param name="image">The shape of one image, [height, width, channels].</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="blocks">The number n of blocks in a group; the net has 6 n + 2 layers with weights: 1 gives ResNet-8, 3 the paper's ResNet-20.</param>
    /// <param name="augment">Applied to the images first; null for nothing.</param>
    /// <remarks>
    /// He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2015), section 4.2, with shortcuts of option A: where a block halves the image, its input is
    /// taken at every second pixel, and zeros stand for the new channels. For CIFAR-10, 269,722 parameters with n = 3.
    /// </remarks>
    /// <example><code>var model = Models.SmallResNet([32, 32, 3], blocks: 1, augment: x => x.RandomFlip().RandomShift(4));</code></example>
    /// <exception cref="ShapeException">The image is not [height, width, channels].</exception>
    /// <exception cref="GraphException">There is no class, or no block.</exception>
    public static Model SmallResNet(Shape image, int classes = 10, int blocks = 3, Func<Expr, Expr>? augment = null)
    {
        const string op = "small_resnet";
        if (blocks < 1)
            throw new GraphException($"{op}: there must be at least one block in a group; got {blocks}. 3 gives the paper's ResNet-20.");
        var model = Begin(op, image, classes, augment).Filters(16, 3, Padding.Of(1), batchNorm: true).Relu();
        foreach (int filters in new[] { 16, 32, 64 })
            for (int block = 1; block <= blocks; block++)
            {
                int stride = filters > 16 && block == 1 ? 2 : 1;
                model = model.ThenVerb("block", x => Block(x, filters, stride));
            }
        return model.GlobalAvgPool().Dense(classes);
    }

    static Expr Block(Expr x, int filters, int stride)
    {
        var padding = Padding.Of(1).Floor();
        var inner = x.Conv(filters, 3, stride, padding, bias: false).BatchNorm().Relu();
        return (inner.Conv(filters, 3, 1, padding, bias: false).BatchNorm() + Shortcut(x, filters, stride)).Relu();
    }

    static Expr Shortcut(Expr x, int filters, int stride)
    {
        if (stride == 1)
            return x;
        int rows = (x.Shape[1].Value + 1) / 2,
            columns = (x.Shape[2].Value + 1) / 2,
            more = filters - x.Shape[3].Value;
        return x.Slice(1, 0, rows, stride).Slice(2, 0, columns, stride).Pad(3, more / 2, more - more / 2);
    }
}
