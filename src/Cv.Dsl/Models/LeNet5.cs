namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>Builds LeNet-5: two convolutions of 5 x 5 with 6 and 16 filters, each with a pool, then layers of 120, 84 and the classes.</summary>
    /// <param name="image">The shape of one image, [height, width, channels]; 28 x 28 is padded to the 32 x 32 of the paper.</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="batchNorm">Tells whether to normalise behind each convolution.</param>
    /// <param name="augment">Applied to the images first; null for nothing.</param>
    /// <remarks>
    /// LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998), figure 2, in today's form: ReLU, max pools without
    /// weights, every filter of the second layer sees all channels, and scores in the place of radial units. For MNIST, 61,706 parameters.
    /// </remarks>
    /// <example><code>var model = Models.LeNet5([28, 28, 1], augment: x => x.RandomShift(2));</code></example>
    /// <exception cref="ShapeException">The image is not [height, width, channels], or too small, or its halves are no whole numbers.</exception>
    /// <exception cref="GraphException">There is no class.</exception>
    public static Model LeNet5(Shape image, int classes = 10, bool batchNorm = false, Func<Expr, Expr>? augment = null) =>
        Begin("lenet5", image, classes, augment)
            .Filters(6, 5, Padding.Of(2), batchNorm)
            .Relu()
            .MaxPool(2)
            .Filters(16, 5, Padding.Valid, batchNorm)
            .Relu()
            .MaxPool(2)
            .Flatten()
            .Dense(120)
            .Relu()
            .Dense(84)
            .Relu()
            .Dense(classes);
}
