using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Caffe's quick net for CIFAR-10, <see cref="Models.Cifar10Quick"/>, on mirrored and shifted images.</summary>
/// <remarks>Caffe, examples/cifar10, cifar10_quick; the learning rate runs through one cycle instead of falling in steps.</remarks>
static class Cifar10QuickNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("cifar10-quick", "cifar10_quick", "cifar10", [new(Judged.Test, 75.3, "Caffe examples")])
        {
            Model = (image, classes) => Models.Cifar10Quick(image, classes, augment: x => x.RandomFlip().RandomShift(2)),
            Rate = steps => Schedule.OneCycle(1.5e-3, steps),
            Prepare = Preparing.ByChannel,
            Epochs = 12,
            Batch = 64,
            Penalty = 1e-4,
            Colour = true,
        };
}
