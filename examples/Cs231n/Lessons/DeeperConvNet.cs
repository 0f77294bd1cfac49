using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Two pairs of 3 x 3 convolutions and a hidden layer of 512 units, as in Keras's example, with batch normalisation after each convolution.</summary>
/// <remarks>Keras, examples, cifar10_cnn; there without batch normalisation, and for 50 epochs.</remarks>
static class DeeperConvNet
{
    public static Lesson Lesson { get; } =
        new TrainedLesson("cnn", "small CNN, 10 epochs", "cifar10", [new(Judged.Test, 79, "Keras cifar10_cnn")])
        {
            Model = (image, classes) =>
                Block(Block(Model.Input(image.ToArray()).RandomFlip().RandomShift(3), 32), 64)
                    .Flatten()
                    .Dropout(0.3)
                    .Dense(512)
                    .Relu()
                    .Dropout(0.3)
                    .Dense(classes),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Prepare = Preparing.ByChannel,
            Epochs = 10,
            Batch = 64,
            Penalty = 5e-5,
            Colour = true,
        };

    static Model Block(Model below, int filters) =>
        below.Conv(filters, 3, padding: 1).BatchNorm().Relu().Conv(filters, 3).BatchNorm().Relu().MaxPool(2);
}
