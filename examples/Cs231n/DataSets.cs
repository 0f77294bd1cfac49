using System.Reflection;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Finds a data set: the small one that is part of the program, or a full one in a folder of its name.</summary>
static class DataSets
{
    /// <summary>Names the data that the program brings: the first 10,000 training and 2,000 test images of Fashion-MNIST.</summary>
    public const string Embedded = "fashion-mnist-10k";

    /// <summary>Lists the full sets; each lies in a folder of its name, as examples/data/get.sh puts it there.</summary>
    public static IReadOnlyList<string> Names { get; } = ["cifar10", "mnist", "fashion-mnist"];

    /// <summary>Reads a full set from its folder inside <paramref name="root"/>.</summary>
    /// <exception cref="DataException">A file is missing or is not as it should be.</exception>
    public static TrainTest Read(string name, string root)
    {
        string folder = Path.Combine(root, name);
        return name switch
        {
            "cifar10" => Cifar10.Read(folder),
            "mnist" => Mnist.Read(folder),
            _ => FashionMnist.Read(folder),
        };
    }

    /// <summary>Reads the images inside this program.</summary>
    public static TrainTest ReadEmbedded() => new(ReadEmbedded("train"), ReadEmbedded("t10k"));

    static Dataset ReadEmbedded(string part) =>
        Idx.Read(Resource($"{part}-images-idx3-ubyte.gz"), Resource($"{part}-labels-idx1-ubyte.gz"), Embedded, FashionMnist.ClassNames);

    static Stream Resource(string name) => Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
}
