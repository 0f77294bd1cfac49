using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>LeNet-5 as it is built today, <see cref="Models.LeNet5"/>, on digits that are shifted by up to two pixels.</summary>
/// <remarks>LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).</remarks>
static class LeNet5Net
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("lenet5", "LeNet-5", "mnist", [new(Judged.Test, 0.95, "LeCun's table", IsError: true)])
        {
            Model = (image, classes) => Models.LeNet5(image, classes, augment: x => x.RandomShift(2)),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Epochs = 15,
            Batch = 64,
            Penalty = 1e-5,
        };
}
