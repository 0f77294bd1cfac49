using System.Reflection;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Finds a data set: the small one that is part of the program, or a full one in a folder.</summary>
static class DataSets
{
    /// <summary>Names the data that the program brings: the first 10,000 training and 2,000 test images of Fashion-MNIST.</summary>
    public const string Embedded = "fashion-mnist-10k";

    /// <summary>Lists the names that --data takes.</summary>
    public static IReadOnlyList<string> Names { get; } = [Embedded, "fashion-mnist", "mnist", "cifar10"];

    /// <summary>Reads a data set; the embedded one needs no folder.</summary>
    /// <exception cref="DataException">A file is missing or is not as it should be.</exception>
    public static TrainTest Read(string name, string? folder) =>
        name switch
        {
            "fashion-mnist" => FashionMnist.Read(folder!),
            "mnist" => Mnist.Read(folder!),
            "cifar10" => Cifar10.Read(folder!),
            _ => new(ReadEmbedded("train"), ReadEmbedded("t10k")),
        };

    static Dataset ReadEmbedded(string part) =>
        Idx.Read(Resource($"{part}-images-idx3-ubyte.gz"), Resource($"{part}-labels-idx1-ubyte.gz"), Embedded, FashionMnist.ClassNames);

    static Stream Resource(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
}
