using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>A fully connected net of four hidden layers, each with batch normalisation before its ReLU units, and mirrored images to learn from.</summary>
/// <remarks>CS231n assignment 2, "Fully-connected nets" and "Batch Normalization".</remarks>
static class DeepNet
{
    static readonly int[] Hidden = [512, 256, 256, 128];

    public static Lesson Lesson { get; } =
        new TrainedLesson("deep", "deep fully-connected net, batch norm", "cifar10", [new(Judged.Validation, 55, "CS231n assignment 2")])
        {
            Model = (image, classes) =>
                Models.FullyConnected(image, Hidden, classes, batchNorm: true, dropout: 0.1, augment: x => x.RandomFlip()),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Penalty = 1e-4,
            HeldOut = 1000,
        };
}
