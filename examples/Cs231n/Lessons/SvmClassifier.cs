using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Linear classification with a multiclass support vector machine: the same scores as the softmax classifier's, but the loss asks only that the right class
/// beat each other one by a margin of 1. With small weights it starts near 9, one for each wrong class.
/// </summary>
/// <remarks>CS231n notes, "Linear Classification", multiclass SVM.</remarks>
static class SvmClassifier
{
    public static Lesson Lesson { get; } =
        new TrainedLesson(
            "svm",
            "multiclass SVM",
            "cifar10",
            [new(Judged.Validation, 39, "CS231n assignment 1"), new(Judged.Test, 38, "CS231n assignment 1")]
        )
        {
            Model = (image, classes) => Models.Linear(image, classes),
            Loss = (scores, labels) => scores.MulticlassSvm(labels),
            // nine hinges pull where a softmax has one sum: a tenth of its rate
            Rate = steps => Schedule.Linear(0.002, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
            Penalty = 5e-4,
            HeldOut = 1000,
        };
}
