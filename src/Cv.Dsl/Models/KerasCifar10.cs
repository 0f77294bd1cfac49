namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>
    /// Builds the net of Keras's cifar10_cnn: twice two convolutions of 3 x 3, with 32 and 64 filters, the second of each without padding, a pool and dropout; then a
    /// layer of 512 with dropout, and the classes.
    /// </summary>
    /// <param name="image">The shape of one image, [height, width, channels].</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="batchNorm">Tells whether to normalise behind each convolution.</param>
    /// <param name="dropout">Tells whether to drop a quarter behind the pools and a half behind the layer of 512, as the program does.</param>
    /// <param name="augment">Applied to the images first; null for nothing. The program flips, and shifts by a tenth.</param>
    /// <remarks>Chollet and others, Keras, examples/cifar10_cnn.py (2015). For CIFAR-10, 1,250,858 parameters.</remarks>
    /// <example><code>var model = Models.KerasCifar10([32, 32, 3], augment: x => x.RandomFlip().RandomShift(3));</code></example>
    /// <exception cref="ShapeException">The image is not [height, width, channels], or its sizes do not come out even.</exception>
    /// <exception cref="GraphException">There is no class.</exception>
    public static Model KerasCifar10(
        Shape image,
        int classes = 10,
        bool batchNorm = false,
        bool dropout = true,
        Func<Expr, Expr>? augment = null
    )
    {
        var model = Begin("keras_cifar10", image, classes, augment);
        foreach (int filters in new[] { 32, 64 })
            model = model
                .Filters(filters, 3, Padding.Of(1), batchNorm)
                .Relu()
                .Filters(filters, 3, Padding.Valid, batchNorm)
                .Relu()
                .MaxPool(2, padding: Padding.Valid.Floor())
                .DropoutIf(dropout ? 0.25 : 0);
        return model.Flatten().Dense(512).Relu().DropoutIf(dropout ? 0.5 : 0).Dense(classes);
    }
}
