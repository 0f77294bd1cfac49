using Cv.Compiler;
using Cv.Dsl;
using Cv.Practice;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Learns from features made by hand instead of pixels: histograms of oriented gradients, which see texture and no colour, beside a histogram of hues, which
/// sees colour and no texture. Each feature is scaled to mean 0 and deviation 1 on the training images.
/// </summary>
/// <remarks>CS231n assignment 1, "Higher Level Representations: Image Features".</remarks>
static class HandMadeFeatures
{
    const int Hidden = 500,
        ComputedAtOnce = 500;

    public static Lesson WithSvm { get; } =
        new TrainedLesson("hog-svm", "HOG and hues, multiclass SVM", "cifar10", [new(Judged.Validation, 44, "CS231n assignment 1")])
        {
            Prepare = Fit,
            Model = (features, classes) => Model.Input(features.ToArray()).Dense(classes, Initialiser.SmallRandom(0.001)),
            Loss = (scores, labels) => scores.MulticlassSvm(labels),
            Rate = steps => Schedule.Linear(0.005, 0, steps),
            Optimiser = rate => Optimiser.Momentum(rate),
            Penalty = 1e-3,
            HeldOut = 1000,
            Colour = true,
        };

    public static Lesson WithTwoLayerNet { get; } =
        new TrainedLesson("hog-two-layer", "HOG and hues, two-layer net", "cifar10", [new(Judged.Test, 60, "CS231n assignment 1")])
        {
            Prepare = Fit,
            Model = (features, classes) => Model.Input(features.ToArray()).Dense(Hidden).Relu().Dropout(0.3).Dense(classes),
            Rate = steps => Schedule.OneCycle(2e-3, steps),
            Epochs = 30,
            Penalty = 1e-5,
            HeldOut = 1000,
            Colour = true,
        };

    static BatchMaker Fit(Dataset train, Desk desk)
    {
        var images = Expr.Input("x", new Shape(["N", .. train.SampleShape.Dims]));
        var seen = Expr.Concat(1, images.Hog(cell: 8, orientations: 9).Flatten(), images.HueHistogram(bins: 10));
        var see = Compile.Function(new Graph(seen), desk.Compile);
        var learnt = Seen(train);
        var standard = Standardisation.Of(learnt);
        return (set, size, seed) => new Batches(standard.Apply(set == train ? learnt : Seen(set)), size, seed: seed);

        Features Seen(Dataset set)
        {
            using var batches = new Batches(set, ComputedAtOnce);
            return Features.Compute(see, batches);
        }
    }
}
