using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Linear classification of digits: by least squares, and by a softmax.</summary>
/// <remarks>LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998), table on mnist; TensorFlow's first tutorial.</remarks>
static class MnistLinear
{
    /// <summary>Draws each score to 1 for the right class and to 0 for the others.</summary>
    public static Lesson LeastSquares { get; } =
        new TrainedLesson("mnist-linear", "linear classifier", "mnist", [new(Judged.Test, 12, "LeCun's table", IsError: true)])
        {
            Model = Linear,
            Loss = (scores, labels) => 0.5 * (scores - labels.OneHot(scores.Shape[1].Value, scores.DType)).Pow(2).Sum(1).Mean(),
            Rate = steps => Schedule.Linear(2e-3, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
            Epochs = 20,
        };

    /// <summary>Reads the scores as logarithms of probabilities.</summary>
    public static Lesson Softmax { get; } =
        new TrainedLesson("mnist-softmax", "softmax classifier", "mnist", [new(Judged.Test, 8, "TensorFlow tutorial", IsError: true)])
        {
            Model = Linear,
            Rate = steps => Schedule.Linear(0.1, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
        };

    static Model Linear(Shape image, int classes) => Model.Input(image.ToArray()).Flatten().Dense(classes, Initialiser.SmallRandom(0.001));
}
