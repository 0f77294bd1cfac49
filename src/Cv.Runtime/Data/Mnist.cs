using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>Reads MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 x 1 (Y. LeCun, C. Cortes, C. Burges).</summary>
public static class Mnist
{
    /// <summary>Names the ten classes: 0 to 9.</summary>
    public static ImmutableArray<string> ClassNames { get; } = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>Reads the four IDX files of a folder, as <see cref="Idx.ReadFolder"/> does.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="budget">The most bytes that a gzip file may unpack to; 64 MiB or 16 times its length, whichever is more, unless given.</param>
    /// <exception cref="DataException">A file is missing or not as it should be.</exception>
    public static TrainTest Read(string folder, long? budget = null) => Idx.ReadFolder(folder, "mnist", ClassNames, budget);
}

/// <summary>Reads Fashion-MNIST: 60,000 + 10,000 pictures of clothing, 28 x 28 x 1, in MNIST's format (H. Xiao, K. Rasul, R. Vollgraf, 2017).</summary>
public static class FashionMnist
{
    /// <summary>Names the ten classes: T-shirt/top to Ankle boot.</summary>
    public static ImmutableArray<string> ClassNames { get; } =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>Reads the four IDX files of a folder, as <see cref="Idx.ReadFolder"/> does.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="budget">The most bytes that a gzip file may unpack to; 64 MiB or 16 times its length, whichever is more, unless given.</param>
    /// <exception cref="DataException">A file is missing or not as it should be.</exception>
    public static TrainTest Read(string folder, long? budget = null) => Idx.ReadFolder(folder, "fashion-mnist", ClassNames, budget);
}
