using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Holds what one lesson trains: a model, its loss, and how fast and how tightly it learns.</summary>
/// <param name="Name">The name that --lesson takes.</param>
/// <param name="Model">Makes the model from the images' shape, [height, width, channels], and the number of classes.</param>
/// <param name="Loss">Gives the loss from scores and labels.</param>
/// <param name="Rate">The learning rate of the first step, for images of 784 values in batches of 128.</param>
/// <param name="Penalty">The weight of each layer's L2 penalty.</param>
sealed record Lesson(string Name, Func<Shape, int, Model> Model, Func<Expr, Expr, Expr> Loss, double Rate, double Penalty)
{
    const double ImageSize = 784,
        BatchSize = 128;

    /// <summary>Lists the lessons in the order of the course.</summary>
    public static IReadOnlyList<Lesson> All { get; } = [SoftmaxClassifier.Lesson, SvmClassifier.Lesson, TwoLayerNet.Lesson];

    /// <summary>Gives the optimiser: momentum, at a rate that falls to 0 in the course of training.</summary>
    /// <remarks>
    /// The rate is lower for larger images, whose slopes are steeper in proportion, and for smaller batches, whose gradients are noisier.
    /// </remarks>
    public Optimiser Optimiser(int imageSize, int batchSize, long steps)
    {
        double rate = Rate * Math.Min(1, ImageSize / imageSize) * Math.Min(1, batchSize / BatchSize);
        return Dsl.Optimiser.Momentum(Schedule.Linear(rate, 0, steps));
    }
}
