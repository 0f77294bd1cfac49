namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>Builds a small VGG net: for each width, two convolutions of 3 x 3 with a ReLU each, and a pool; then a layer of 128 and the classes.</summary>
    /// <param name="image">The shape of one image, [height, width, channels].</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="widths">The number of filters of each pair of convolutions; 32, 64 and 128 if none are given.</param>
    /// <param name="batchNorm">Tells whether to normalise behind each convolution.</param>
    /// <param name="dropout">The part that training drops behind each pool and behind the layer of 128.</param>
    /// <param name="augment">Applied to the images first; null for nothing.</param>
    /// <remarks>
    /// After Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2015), configuration B, cut to small images. For CIFAR-10, 550,570
    /// parameters.
    /// </remarks>
    /// <example><code>var model = Models.SmallVgg([32, 32, 3], batchNorm: true, dropout: 0.2, augment: x => x.RandomFlip().RandomShift(4));</code></example>
    /// <exception cref="ShapeException">The image is not [height, width, channels], or cannot be halved so often.</exception>
    /// <exception cref="GraphException">There is no class, or the rate of dropout is not in [0, 1).</exception>
    public static Model SmallVgg(
        Shape image,
        int classes = 10,
        IEnumerable<int>? widths = null,
        bool batchNorm = false,
        double dropout = 0,
        Func<Expr, Expr>? augment = null
    )
    {
        var model = Begin("small_vgg", image, classes, augment);
        foreach (int filters in widths ?? [32, 64, 128])
            model = model
                .Filters(filters, 3, Padding.Of(1), batchNorm)
                .Relu()
                .Filters(filters, 3, Padding.Of(1), batchNorm)
                .Relu()
                .MaxPool(2)
                .DropoutIf(dropout);
        return model.Flatten().Dense(128).Relu().DropoutIf(dropout).Dense(classes);
    }
}
