using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>A fully connected net with one hidden layer of 256 ReLU units, under the softmax classifier's loss.</summary>
/// <remarks>CS231n notes, "Neural Networks Part 1"; weights start as "Part 2" recommends for ReLU units (He et al.).</remarks>
static class TwoLayerNet
{
    const int Hidden = 256;

    public static Lesson Lesson { get; } =
        new TrainedLesson("two-layer", "two-layer net", "cifar10", [new(Judged.Validation, 52, "CS231n assignment 1")])
        {
            Model = (image, classes) => Models.FullyConnected(image, [Hidden], classes),
            Rate = steps => Schedule.Linear(0.025, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
            Penalty = 5e-4,
            HeldOut = 1000,
        };
}
