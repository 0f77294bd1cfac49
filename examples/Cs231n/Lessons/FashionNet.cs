using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>A fully connected net of three hidden layers, 256, 128 and 100 ReLU units.</summary>
/// <remarks>The benchmark table in Fashion-MNIST's README.</remarks>
static class FashionNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("fashion-net", "MLP 256-128-100", "fashion-mnist", [new(Judged.Test, 88.3, "Fashion-MNIST's README")])
        {
            Model = (image, classes) => Models.FullyConnected(image, [256, 128, 100], classes, dropout: 0.2),
            Rate = steps => Schedule.OneCycle(1e-3, steps),
            Epochs = 20,
        };
}
