namespace Cv.Dsl;

public static partial class Models
{
    /// <summary>Builds a linear classifier: scores x W + b of the image's numbers, all in one row.</summary>
    /// <param name="image">The shape of one example, of any rank.</param>
    /// <param name="classes">The number of scores.</param>
    /// <param name="augment">Applied to the images first; null for nothing.</param>
    /// <param name="weights">Draws the first weights; small random numbers of deviation 0.001 if none is given, so that the first loss is as the theory has it.</param>
    /// <remarks>CS231n notes, "Linear classification". For CIFAR-10, 3072 x 10 + 10 = 30,730 parameters.</remarks>
    /// <example><code>var program = Training.Compile(Models.Linear([32, 32, 3]), Verbs.MulticlassSvm, Optimiser.Momentum(0.01));</code></example>
    /// <exception cref="GraphException">There is no class.</exception>
    public static Model Linear(Shape image, int classes = 10, Func<Expr, Expr>? augment = null, Initialiser? weights = null) =>
        Begin("linear", image, classes, augment, rows: true).Flatten().Dense(classes, weights ?? Initialiser.SmallRandom(0.001));
}
