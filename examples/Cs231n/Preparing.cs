using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Makes mini-batches of any set's images, in the way that was fitted on the training images.</summary>
/// <param name="images">The set.</param>
/// <param name="size">The images in a batch.</param>
/// <param name="seed">Chooses the orders; the set's own if null.</param>
delegate Batches BatchMaker(Dataset images, int size, ulong? seed);

/// <summary>Fits, on the training images, how pixels become the numbers that a model sees.</summary>
static class Preparing
{
    /// <summary>Subtracts the mean image of the training set (CS231n notes, "Data Preprocessing").</summary>
    public static BatchMaker AboutTheMeanImage(Dataset train, Desk desk) => Scaled(Scaling.MeanImage(train));

    /// <summary>Subtracts each channel's mean over all images and places of the training set; numbers stay between -1 and 1.</summary>
    public static BatchMaker AboutTheChannelMeans(Dataset train, Desk desk) => Scaled(Scaling.ChannelMean(train));

    /// <summary>Subtracts each channel's mean and divides by its deviation, over all images and places of the training set.</summary>
    public static BatchMaker ByChannel(Dataset train, Desk desk) => Scaled(Scaling.ChannelMeanAndDeviation(train));

    static BatchMaker Scaled(Scaling scaling) => (images, size, seed) => new Batches(images, size, scaling, seed);
}
