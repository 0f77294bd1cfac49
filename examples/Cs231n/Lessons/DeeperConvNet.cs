using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Keras's example net, <see cref="Models.KerasCifar10"/>, with batch normalisation instead of dropout, on mirrored and shifted images.</summary>
/// <remarks>Keras, examples, cifar10_cnn; there with dropout, for 50 epochs.</remarks>
static class DeeperConvNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("cnn", "small CNN, 6 epochs", "cifar10", [new(Judged.Test, 79, "Keras cifar10_cnn")])
        {
            Model = (image, classes) =>
                Models.KerasCifar10(image, classes, batchNorm: true, dropout: false, augment: x => x.RandomFlip().RandomShift(3)),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Prepare = Preparing.ByChannel,
            Epochs = 6,
            Batch = 64,
            Penalty = 5e-5,
            Colour = true,
        };
}
