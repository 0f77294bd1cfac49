namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>Builds a fully connected net: for each hidden layer a product, batch normalisation if asked for, a ReLU and dropout; then the scores.</summary>
    /// <param name="image">The shape of one example, of any rank.</param>
    /// <param name="hidden">The number of units of each hidden layer, in order; none gives a linear classifier.</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="batchNorm">Tells whether to normalise before each ReLU.</param>
    /// <param name="dropout">The part of the hidden units that training drops.</param>
    /// <param name="augment">Applied to the images first; null for nothing.</param>
    /// <remarks>
    /// CS231n notes, "Neural Networks Part 1", and assignment 2: (affine - batch norm - ReLU - dropout) x (L - 1) - affine. For CIFAR-10 with [100], 308,310 parameters.
    /// </remarks>
    /// <example><code>var model = Models.FullyConnected([28, 28, 1], [256, 128, 100], classes: 10, dropout: 0.2);</code></example>
    /// <exception cref="ShapeException">A layer has no unit.</exception>
    /// <exception cref="GraphException">There is no class, or the rate of dropout is not in [0, 1).</exception>
    public static Model FullyConnected(
        Shape image,
        IEnumerable<int> hidden,
        int classes = 10,
        bool batchNorm = false,
        double dropout = 0,
        Func<Expr, Expr>? augment = null
    )
    {
        var model = Begin("fully_connected", image, classes, augment, rows: true).Flatten();
        foreach (int units in hidden)
        {
            model = model.Dense(units);
            model = (batchNorm ? model.BatchNorm() : model).Relu().DropoutIf(dropout);
        }
        return model.Dense(classes);
    }
}
