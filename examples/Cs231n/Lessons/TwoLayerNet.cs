using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>A fully connected net with one hidden layer of 256 ReLU units, under the softmax classifier's loss.</summary>
/// <remarks>CS231n notes, "Neural Networks Part 1"; weights start as "Part 2" recommends for ReLU units (He et al.).</remarks>
static class TwoLayerNet
{
    const int Hidden = 256;

    public static Lesson Lesson { get; } =
        new(
            "two-layer",
            (image, classes) => Model.Input(image.ToArray()).Flatten().Dense(Hidden).Relu().Dense(classes),
            Verbs.SoftmaxCrossEntropy,
            Rate: 0.1,
            Penalty: 5e-4
        );
}
