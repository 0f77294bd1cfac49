using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>
/// Reads images and labels in the IDX format of MNIST (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"), plain or
/// gzip, told apart by content: a magic number 00 00 08 rank, one big-endian 32-bit extent per dim, then unsigned bytes, row-major.
/// </summary>
public static class Idx
{
    const uint ImageMagic = 0x00000803;
    const uint LabelMagic = 0x00000801;

    /// <summary>Reads a file of images [count, height, width] and its file of labels [count]; the images get one channel.</summary>
    /// <example><code>var train = Idx.Read("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "mnist", Mnist.ClassNames);</code></example>
    /// <exception cref="DataException">
    /// A file is missing, truncated, too long, damaged, of another format, or has labels without a class; or the counts differ.
    /// </exception>
    /// <param name="imagesPath">The file of images.</param>
    /// <param name="labelsPath">The file of labels.</param>
    /// <param name="name">Names the set in messages.</param>
    /// <param name="classNames">The classes' names, in order.</param>
    /// <param name="budget">The most bytes that a gzip file may unpack to; 64 MiB or 16 times its length, whichever is more, unless given.</param>
    public static Dataset Read(string imagesPath, string labelsPath, string name, ImmutableArray<string> classNames, long? budget = null)
    {
        using var images = ByteSource.Open(imagesPath, budget);
        using var labels = ByteSource.Open(labelsPath, budget);
        return Read(images, labels, name, classNames);
    }

    /// <summary>Reads images and labels from streams that can seek, such as embedded resources, and closes them.</summary>
    /// <exception cref="DataException">A stream is truncated, too long, damaged, of another format, or over its budget; or the counts differ.</exception>
    /// <exception cref="ArgumentException">A stream cannot seek.</exception>
    /// <inheritdoc cref="Read(string, string, string, ImmutableArray{string}, long?)"/>
    public static Dataset Read(Stream images, Stream labels, string name, ImmutableArray<string> classNames, long? budget = null)
    {
        PlainFile.ExpectSeekable(images);
        PlainFile.ExpectSeekable(labels);
        using var ended = labels; // closed too where the images are refused
        using var imageSource = new ByteSource(images, $"{name} images", budget);
        using var labelSource = new ByteSource(labels, $"{name} labels", budget);
        return Read(imageSource, labelSource, name, classNames);
    }

    /// <summary>
    /// Reads a folder that holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each
    /// as it is or with .gz at the end; also with a dot before idx, as some programs name them when they unpack MNIST.
    /// </summary>
    /// <exception cref="DataException">A file is missing or not as it should be.</exception>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Names the set in messages.</param>
    /// <param name="classNames">The classes' names, in order.</param>
    /// <param name="budget">The most bytes that a gzip file may unpack to; 64 MiB or 16 times its length, whichever is more, unless given.</param>
    public static TrainTest ReadFolder(string folder, string name, ImmutableArray<string> classNames, long? budget = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new(Part("train", $"{name} train"), Part("t10k", $"{name} test"));

        Dataset Part(string prefix, string part) =>
            Read(Find(folder, $"{prefix}-images-idx3-ubyte"), Find(folder, $"{prefix}-labels-idx1-ubyte"), part, classNames, budget);
    }

    static string Find(string folder, string file)
    {
        string plain = Path.Combine(folder, file),
            dotted = Path.Combine(folder, file.Replace("-idx", ".idx", StringComparison.Ordinal));
        // the plain one is left to be missed, by name, when it is opened
        return Array.Find([plain, plain + ".gz", dotted, dotted + ".gz"], File.Exists) ?? plain;
    }

    static Dataset Read(ByteSource images, ByteSource labels, string name, ImmutableArray<string> classNames)
    {
        ExpectMagic(images, ImageMagic, "images: bytes of 3 dims");
        int count = Extent(images, "images"),
            height = Extent(images, "rows"),
            width = Extent(images, "columns");
        // three such extents may pass 2^63
        var size = (Int128)count * height * width;
        ExpectRoom(images, size, $"{count} images of {height} x {width}");

        ExpectMagic(labels, LabelMagic, "labels: bytes of 1 dim");
        int labelCount = Extent(labels, "labels");
        if (labelCount != count)
            throw labels.Error(4, $"{count} labels, one for each image", $"{labelCount}", "Take both files from one set.");
        ExpectRoom(labels, count, $"{count} labels");

        var labelBytes = new byte[count];
        long labelStart = labels.Offset;
        labels.Read(labelBytes, "labels");
        labels.ExpectEnd();
        int bad = labelBytes.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)Math.Clamp(classNames.Length - 1, 0, byte.MaxValue));
        if (bad >= 0)
            throw labels.Error(
                labelStart + bad,
                $"a label from 0 to {classNames.Length - 1}",
                $"{labelBytes[bad]}",
                $"Does the set have {classNames.Length} classes?"
            );

        var imageBytes = new byte[(int)size];
        images.Read(imageBytes, "images");
        images.ExpectEnd();
        return new(name, [height, width, 1], imageBytes, labelBytes, classNames);
    }

    static void ExpectMagic(ByteSource source, uint magic, string meaning)
    {
        uint found = source.ReadUInt32("the magic number");
        if (found != magic)
            throw source.Error(
                0,
                $"magic number {Hex(magic)} (IDX {meaning})",
                Hex(found),
                found is ImageMagic or LabelMagic ? "Are images and labels exchanged?" : "Is it an IDX file, plain or gzip?"
            );
    }

    static int Extent(ByteSource source, string what)
    {
        long offset = source.Offset;
        uint value = source.ReadUInt32($"the number of {what}");
        return value is > 0 and <= int.MaxValue
            ? (int)value
            : throw source.Error(
                offset,
                $"a number of {what} from 1 to {int.MaxValue}",
                $"{value}",
                "The header is damaged; fetch the file again."
            );
    }

    // before the memory is taken, a damaged header may ask for any amount; what the file holds was counted
    static void ExpectRoom(ByteSource source, Int128 size, string what)
    {
        long most = source.MostBytes - source.Offset;
        if (size > Array.MaxLength)
            throw source.Error(source.Offset, $"at most {Array.MaxLength} bytes", $"a header of {what}", "Split the file.");
        if (size > most)
            throw source.Error(source.Offset, $"{size} bytes ({what})", $"{most}", "The file is truncated; fetch it again.");
    }

    static string Hex(uint value) => $"{value >> 24:X2} {value >> 16 & 0xFF:X2} {value >> 8 & 0xFF:X2} {value & 0xFF:X2}";
}
