namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>Builds the net of ConvNetJS's CIFAR-10 demo: three convolutions of 5 x 5 with 16, 20 and 20 filters, each with a ReLU and a pool, then the classes.</summary>
    /// <param name="image">The shape of one image, [height, width, channels].</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="batchNorm">Tells whether to normalise behind each convolution.</param>
    /// <param name="augment">Applied to the images first; null for nothing. The demo flips and shifts.</param>
    /// <remarks>Karpathy, ConvNetJS, demo/cifar10.html (2014). For CIFAR-10, 22,466 parameters.</remarks>
    /// <example><code>var model = Models.ConvNetJs([32, 32, 3], augment: x => x.RandomFlip().RandomShift(4));</code></example>
    /// <exception cref="ShapeException">The image is not [height, width, channels], or its eighths are no whole numbers.</exception>
    /// <exception cref="GraphException">There is no class.</exception>
    public static Model ConvNetJs(Shape image, int classes = 10, bool batchNorm = false, Func<Expr, Expr>? augment = null) =>
        Begin("convnetjs", image, classes, augment)
            .Filters(16, 5, Padding.Of(2), batchNorm)
            .Relu()
            .MaxPool(2)
            .Filters(20, 5, Padding.Of(2), batchNorm)
            .Relu()
            .MaxPool(2)
            .Filters(20, 5, Padding.Of(2), batchNorm)
            .Relu()
            .MaxPool(2)
            .Flatten()
            .Dense(classes);
}
