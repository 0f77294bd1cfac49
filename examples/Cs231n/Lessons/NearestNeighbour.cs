using System.Collections.Immutable;
using Cv.Practice;
using Cv.Reporting;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Remembers every training image, and gives a test image the class of those nearest to it. Nothing is trained: all of the work is in judging.
/// </summary>
/// <remarks>CS231n notes, "Image Classification".</remarks>
sealed record NearestNeighbour(string Name, string Title, string Data, ImmutableArray<Published> Published)
    : Lesson(Name, Title, Data, Published)
{
    /// <summary>Sums absolute differences of pixels.</summary>
    public static Lesson ByL1 { get; } =
        new NearestNeighbour("nn-l1", "nearest neighbour, L1", "cifar10", [new(Judged.Test, 38.6, "CS231n notes, classification")])
        {
            Distance = Distance.L1,
        };

    /// <summary>Sums squared differences of pixels.</summary>
    public static Lesson ByL2 { get; } =
        new NearestNeighbour("nn-l2", "nearest neighbour, L2", "cifar10", [new(Judged.Test, 35.4, "CS231n notes, classification")])
        {
            Distance = Distance.L2,
        };

    /// <summary>Lets the three nearest vote, on digits.</summary>
    public static Lesson OfDigits { get; } =
        new NearestNeighbour("mnist-knn", "3 nearest neighbours, L2", "mnist", [new(Judged.Test, 3.09, "LeCun's table", IsError: true)])
        {
            Distance = Distance.L2,
            Neighbours = 3,
        };

    public required Distance Distance { get; init; }

    public int Neighbours { get; init; } = 1;

    public override Outcome Run(TrainTest images, Desk desk)
    {
        var nearest = new NearestNeighbours(images.Train, Distance, options: desk.Compile);
        var found = nearest.Find(images.Test, Neighbours, cancellation: desk.Stop);
        var said = new Predictions(
            [.. found.Predict(Neighbours)],
            [.. images.Test.Labels.ToArray().Select(label => (int)label)],
            [.. Enumerable.Repeat(1.0, images.Test.Count)],
            images.Test.ClassNames
        );
        desk.Keep(this, new RunRecorder($"{Name}: {Title}"), new ConfusionMatrix(said), new PredictedPictures(said, images.Test));
        return new() { Test = said.Accuracy };
    }
}
