using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Linear classification with a softmax: scores x W + b, read as logarithms of unnormalised probabilities. The loss is the surprise at the right class, in
/// nats; with small weights it starts near ln 10 = 2.303.
/// </summary>
/// <remarks>CS231n notes, "Linear Classification", softmax classifier.</remarks>
static class SoftmaxClassifier
{
    public static Lesson Lesson { get; } =
        new TrainedLesson(
            "softmax",
            "softmax classifier",
            "cifar10",
            [new(Judged.Validation, 36.5, "CS231n assignment 1"), new(Judged.Test, 38, "CS231n assignment 1")]
        )
        {
            Model = (image, classes) => Models.Linear(image, classes),
            Rate = steps => Schedule.Linear(0.02, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
            Penalty = 5e-4,
            HeldOut = 1000,
        };
}
