using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>LeNet-5, with ReLU units and max pools, on digits that are shifted by up to two pixels.</summary>
/// <remarks>LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).</remarks>
static class LeNet5Net
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("lenet5", "LeNet-5", "mnist", [new(Judged.Test, 0.95, "LeCun's table", IsError: true)])
        {
            Model = (image, classes) =>
                Model
                    .Input(image.ToArray())
                    .RandomShift(2)
                    .Conv(6, 5, padding: 2)
                    .Relu()
                    .MaxPool(2)
                    .Conv(16, 5)
                    .Relu()
                    .MaxPool(2)
                    .Flatten()
                    .Dense(120)
                    .Relu()
                    .Dense(84)
                    .Relu()
                    .Dense(classes),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Epochs = 15,
            Batch = 64,
            Penalty = 1e-5,
        };
}
