namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>
    /// Builds Caffe's cifar10_quick: convolutions of 5 x 5 with 32, 32 and 64 filters, overlapping pools of 3 x 3, the first by maxima before its ReLU, the others by averages;
    /// then layers of 64, without a gate, and the classes.
    /// </summary>
    /// <param name="image">The shape of one image, [height, width, channels].</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="batchNorm">Tells whether to normalise behind each convolution.</param>
    /// <param name="augment">Applied to the images first; null for nothing.</param>
    /// <remarks>
    /// Jia and others, Caffe, examples/cifar10/cifar10_quick_train_test.prototxt (2014), after Krizhevsky's cuda-convnet. Windows at the border are cut off there, as here. First
    /// weights are He's instead of normal numbers of deviations 0.0001 to 0.1. For CIFAR-10, 145,578 parameters.
    /// </remarks>
    /// <example><code>var model = Models.Cifar10Quick([32, 32, 3]);</code></example>
    /// <exception cref="ShapeException">The image is not [height, width, channels].</exception>
    /// <exception cref="GraphException">There is no class.</exception>
    public static Model Cifar10Quick(Shape image, int classes = 10, bool batchNorm = false, Func<Expr, Expr>? augment = null) =>
        Begin("cifar10_quick", image, classes, augment)
            .Filters(32, 5, Padding.Of(2), batchNorm)
            .MaxPool(3, 2, Padding.Same)
            .Relu()
            .Filters(32, 5, Padding.Of(2), batchNorm)
            .Relu()
            .AvgPool(3, 2, Padding.Same, countPadding: false)
            .Filters(64, 5, Padding.Of(2), batchNorm)
            .Relu()
            .AvgPool(3, 2, Padding.Same, countPadding: false)
            .Flatten()
            .Dense(64)
            .Dense(classes);
}
