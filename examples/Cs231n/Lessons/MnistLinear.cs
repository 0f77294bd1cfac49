using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Linear classification of digits, as a multiclass SVM and by a softmax.</summary>
/// <remarks>LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998), table on mnist; TensorFlow's first tutorial.</remarks>
static class MnistLinear
{
    /// <summary>Asks that the right class beat each other one by a margin.</summary>
    public static Lesson Svm { get; } =
        new TrainedLesson("mnist-linear", "linear classifier (SVM)", "mnist", [new(Judged.Test, 12, "LeCun's table", IsError: true)])
        {
            Model = (image, classes) => Models.Linear(image, classes),
            Loss = (scores, labels) => scores.MulticlassSvm(labels),
            Rate = steps => Schedule.Linear(0.01, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
        };

    /// <summary>Reads the scores as logarithms of probabilities.</summary>
    public static Lesson Softmax { get; } =
        new TrainedLesson("mnist-softmax", "softmax classifier", "mnist", [new(Judged.Test, 8, "TensorFlow tutorial", IsError: true)])
        {
            Model = (image, classes) => Models.Linear(image, classes),
            Rate = steps => Schedule.Linear(0.1, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
        };
}
