using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Three convolutions, each with batch normalisation and a pool, and one fully connected layer; at most ten epochs.</summary>
/// <remarks>CS231n assignment 2, "Convolutional Networks" and the training of a net of one's own.</remarks>
static class SmallConvNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("conv", "small conv net, 8 epochs", "cifar10", [new(Judged.Validation, 70, "CS231n assignment 2")])
        {
            Model = (image, classes) =>
                Model
                    .Input(image.ToArray())
                    .RandomFlip()
                    .RandomShift(2)
                    .Block(32, 3)
                    .Block(64, 3)
                    .Block(128, 3)
                    .Flatten()
                    .Dropout(0.3)
                    .Dense(classes),
            Rate = steps => Schedule.OneCycle(3e-3, steps),
            Prepare = Preparing.ByChannel,
            Epochs = 8,
            Batch = 64,
            Penalty = 1e-4,
            HeldOut = 1000,
            Colour = true,
        };
}
