using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>A fully connected net of one hidden layer with 800 ReLU units, of which dropout lets each step train a part, on digits that are shifted by up to a pixel.</summary>
/// <remarks>Simard, Steinkraus and Platt, "Best practices for convolutional neural networks" (2003), without distortions there, in LeCun's table.</remarks>
static class MnistNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson(
            "mnist-net",
            "2-layer net, 800 hidden, cross-entropy",
            "mnist",
            [new(Judged.Test, 1.6, "LeCun's table", IsError: true)]
        )
        {
            Model = (image, classes) => Models.FullyConnected(image, [800], classes, dropout: 0.3, augment: x => x.RandomShift(1)),
            Rate = steps => Schedule.OneCycle(1e-3, steps),
            Epochs = 25,
        };
}
