using System.Globalization;
using Cv.Practice;
using Cv.Reporting;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Lets the k nearest of 5,000 images vote, where k is chosen by five-fold cross-validation: each fifth is judged by the other four, and the k that does best
/// on the average judges the test images.
/// </summary>
/// <remarks>CS231n assignment 1, "k-Nearest Neighbor classifier"; it takes the first 5,000 training and 500 test images.</remarks>
sealed record CrossValidatedNeighbours()
    : Lesson("knn", "k nearest neighbours, k by 5-fold cross-validation", "cifar10", [new(Judged.Test, 28, "CS231n assignment 1")])
{
    const int Folds = 5,
        TrainImages = 5000,
        TestImages = 500;

    static readonly int[] Choices = [1, 3, 5, 8, 10, 12, 15, 20, 50, 100];

    public static Lesson Lesson { get; } = new CrossValidatedNeighbours();

    public override Outcome Run(TrainTest images, Desk desk)
    {
        var train = images.Train.Take(Math.Min(TrainImages, images.Train.Count));
        var test = images.Test.Take(Math.Min(TestImages, images.Test.Count));
        var accuracies = new double[Choices.Length];
        foreach (var (learnt, held) in Practice.Folds.Of(train, Folds))
        {
            var found = new NearestNeighbours(learnt, options: desk.Compile).Find(held, Choices[^1], cancellation: desk.Stop);
            for (int i = 0; i < Choices.Length; i++)
                accuracies[i] += found.Accuracy(Choices[i]) / Folds;
        }
        int best = Array.IndexOf(accuracies, accuracies.Max());
        for (int i = 0; i < Choices.Length; i++)
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"k {Choices[i], 3}  {100 * accuracies[i]:F2} %{(i == best ? "  the best" : "")}"
                )
            );
        var run = new RunRecorder($"{Name}: {Title}");
        desk.Keep(
            this,
            run,
            new HyperParameters(["k"], () => Choices.Zip(accuracies, (k, accuracy) => new TrialPoint(accuracy, k)), "accuracy")
        );
        return new()
        {
            Validation = accuracies[best],
            Test = new NearestNeighbours(train, options: desk.Compile)
                .Find(test, Choices[best], cancellation: desk.Stop)
                .Accuracy(Choices[best]),
        };
    }
}
