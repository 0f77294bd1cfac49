using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Two 5 x 5 convolutions with batch normalisation and pools, and one fully connected layer: fewer than 100,000 numbers. A test image is seen mirrored as well.</summary>
/// <remarks>The benchmark table in Fashion-MNIST's README, "2 Conv, less than 100K parameters".</remarks>
static class FashionConvNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson(
            "fashion-conv",
            "two conv layers, under 100 K parameters, two views an image",
            "fashion-mnist",
            [new(Judged.Test, 92.5, "Fashion-MNIST's README")]
        )
        {
            Model = (image, classes) =>
                Model.Input(image.ToArray()).RandomFlip().Block(32, 5).Block(40, 5).Flatten().Dropout(0.25).Dense(classes),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Views = x => [x, x.Flip(2)],
            Epochs = 14,
            Batch = 64,
            Penalty = 2e-5,
        };
}
