using System.Collections.Immutable;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Is one lesson of the course: what it learns on which images, and what others reached with it.</summary>
/// <param name="Name">The name that --lesson takes.</param>
/// <param name="Title">What it is, for the table.</param>
/// <param name="Data">The full data set it is for, as <see cref="DataSets.Names"/> has it.</param>
/// <param name="Published">The figures to reach.</param>
abstract record Lesson(string Name, string Title, string Data, ImmutableArray<Published> Published)
{
    /// <summary>Lists the lessons in the order of the course.</summary>
    public static IReadOnlyList<Lesson> All { get; } =
    [
        NearestNeighbour.ByL1,
        NearestNeighbour.ByL2,
        CrossValidatedNeighbours.Lesson,
        SvmClassifier.Lesson,
        SoftmaxClassifier.Lesson,
        TwoLayerNet.Lesson,
        HandMadeFeatures.WithSvm,
        HandMadeFeatures.WithTwoLayerNet,
        DeepNet.Lesson,
        SmallConvNet.Lesson,
        Cifar10QuickNet.Lesson,
        DeeperConvNet.Lesson,
        ConvNetJsNet.Lesson,
        MnistLinear.Svm,
        MnistLinear.Softmax,
        NearestNeighbour.OfDigits,
        MnistNet.Lesson,
        LeNet5Net.Lesson,
        FashionNet.Lesson,
        FashionConvNet.Lesson,
    ];

    /// <summary>Lists those that open the course; they take moments on the images inside this program.</summary>
    public static IReadOnlyList<Lesson> Opening { get; } = [SoftmaxClassifier.Lesson, SvmClassifier.Lesson, TwoLayerNet.Lesson];

    /// <summary>Tells whether it takes images of 32 x 32 in colour alone; grey ones are made so for it.</summary>
    public virtual bool InColour => false;

    /// <summary>Runs the lesson.</summary>
    /// <param name="images">What it learns from and is judged by.</param>
    /// <param name="desk">The settings, and who listens.</param>
    /// <exception cref="TrainingException">A loss was not finite.</exception>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public abstract Outcome Run(TrainTest images, Desk desk);
}
