using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Holds what one lesson trains: a model, its loss, and how fast and how tightly it learns.</summary>
/// <param name="Name">The name that --lesson takes.</param>
/// <param name="Model">Makes the model from the images' shape, [height, width, channels], and the number of classes.</param>
/// <param name="Loss">Gives the loss from scores and labels.</param>
/// <param name="Rate">The learning rate of the first step on images of 784 values.</param>
/// <param name="Penalty">The weight of each layer's L2 penalty.</param>
sealed record Lesson(string Name, Func<Shape, int, Model> Model, Func<Expr, Expr, Expr> Loss, double Rate, double Penalty)
{
    const double Grey28X28 = 784;

    /// <summary>Lists the lessons in the order of the course.</summary>
    public static IReadOnlyList<Lesson> All { get; } = [SoftmaxClassifier.Lesson, SvmClassifier.Lesson, TwoLayerNet.Lesson];

    /// <summary>Gives the optimiser: momentum, at a rate that falls to 0 in the course of training.</summary>
    /// <remarks>More values in an image mean steeper slopes, in proportion, so the rate is divided by what the image has more.</remarks>
    public Optimiser Optimiser(int imageSize, long steps) =>
        new LinearDecay(rate => Dsl.Optimiser.Momentum(rate), Rate * Math.Min(1, Grey28X28 / imageSize), steps);
}
