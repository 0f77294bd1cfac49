using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Caffe's quick net for CIFAR-10 on mirrored and shifted images.</summary>
/// <remarks>Caffe, examples/cifar10, cifar10_quick; the learning rate runs through one cycle instead of falling in steps.</remarks>
static class Cifar10QuickNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("cifar10-quick", "cifar10_quick", "cifar10", [new(Judged.Test, 75.3, "Caffe examples")])
        {
            Model = (image, classes) =>
                Model
                    .Input(image.ToArray())
                    .RandomFlip()
                    .RandomShift(2)
                    .Conv(32, 5, padding: 2)
                    .MaxPool(2)
                    .Relu()
                    .Conv(32, 5, padding: 2)
                    .Relu()
                    .AvgPool(2)
                    .Conv(64, 5, padding: 2)
                    .Relu()
                    .AvgPool(2)
                    .Flatten()
                    .Dense(64)
                    .Dense(classes),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Prepare = Preparing.ByChannel,
            Epochs = 10,
            Batch = 64,
            Penalty = 1e-4,
            Colour = true,
        };
}
