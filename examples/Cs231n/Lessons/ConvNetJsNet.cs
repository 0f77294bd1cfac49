using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>
/// The net of ConvNetJS's demo page, <see cref="Models.ConvNetJs"/>: 22,466 numbers that learn from mirrored and shifted images. As on that page, a test image
/// is seen in several views, mirrored and shifted too, and their probabilities are averaged.
/// </summary>
/// <remarks>A. Karpathy, ConvNetJS, CIFAR-10 demo.</remarks>
static class ConvNetJsNet
{
    const int Shift = 2;

    public static Lesson Lesson { get; } =
        new TrainedLesson(
            "convnetjs",
            "ConvNetJS's demo net, ten views an image",
            "cifar10",
            [new(Judged.Test, 80, "ConvNetJS demo page (about 80 %)")]
        )
        {
            Model = (image, classes) => Models.ConvNetJs(image, classes, augment: x => x.RandomFlip().RandomShift(Shift)),
            Rate = steps => Schedule.OneCycle(4e-3, steps),
            Prepare = Preparing.AboutTheChannelMeans,
            Epochs = 60,
            Batch = 64,
            Penalty = 1e-5,
            Views = x => [.. from moved in Shifted(x) from view in new[] { moved, moved.Flip(2) } select view],
            Colour = true,
        };

    static IEnumerable<Expr> Shifted(Expr x)
    {
        int height = x.Shape[1].Value,
            width = x.Shape[2].Value;
        var padded = x.Pad(1, Shift, Shift).Pad(2, Shift, Shift);
        foreach (var (down, right) in new[] { (Shift, Shift), (0, Shift), (2 * Shift, Shift), (Shift, 0), (Shift, 2 * Shift) })
            yield return padded.Slice(1, down, height).Slice(2, right, width);
    }
}
