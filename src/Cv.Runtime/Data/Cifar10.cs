using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>
/// Reads CIFAR-10 in its binary version: 50,000 + 10,000 colour pictures of 32 x 32 x 3 (A. Krizhevsky, "Learning Multiple Layers of Features from
/// Tiny Images", 2009). A record is a label byte, then 1024 red, 1024 green and 1024 blue bytes, each plane row-major.
/// </summary>
public static class Cifar10
{
    const int Side = 32;
    const int Plane = Side * Side;
    const int Channels = 3;
    const int SampleBytes = Channels * Plane;
    const int RecordBytes = 1 + SampleBytes;

    /// <summary>Names the ten classes: airplane to truck.</summary>
    public static ImmutableArray<string> ClassNames { get; } =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>Reads data_batch_1.bin to data_batch_5.bin and test_batch.bin of a folder, plain or gzip by content.</summary>
    /// <param name="folder">The folder that holds the six files, or where cifar-10-binary.tar.gz was unpacked: into cifar-10-batches-bin.</param>
    /// <param name="imagesPerFile">The images in each file: 10,000 in the published set.</param>
    /// <exception cref="DataException">A file is missing, truncated, too long or damaged, or a label is not from 0 to 9.</exception>
    public static TrainTest Read(string folder, int imagesPerFile = 10_000)
    {
        string unpacked = Path.Combine(folder, "cifar-10-batches-bin");
        if (!File.Exists(Path.Combine(folder, "data_batch_1.bin")) && Directory.Exists(unpacked))
            folder = unpacked;
        return new(
            Read("cifar10 train", imagesPerFile, [.. Enumerable.Range(1, 5).Select(i => Path.Combine(folder, $"data_batch_{i}.bin"))]),
            Read("cifar10 test", imagesPerFile, [Path.Combine(folder, "test_batch.bin")])
        );
    }

    static Dataset Read(string name, int imagesPerFile, string[] paths)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imagesPerFile);
        long count = (long)imagesPerFile * paths.Length;
        if (count * SampleBytes > Array.MaxLength)
            throw new ArgumentOutOfRangeException(
                nameof(imagesPerFile),
                imagesPerFile,
                $"cifar10: a set must fit an array of {Array.MaxLength} bytes; got {paths.Length} files of so many images. 10,000 are published."
            );
        var sources = new List<ByteSource>();
        try
        {
            // all are looked at before memory is taken: it is no more than they hold
            foreach (string path in paths)
                sources.Add(Opened(path, imagesPerFile));
            var images = new byte[count * SampleBytes];
            var labels = new byte[count];
            for (int i = 0; i < paths.Length; i++)
            {
                int start = i * imagesPerFile;
                ReadFile(sources[i], images.AsSpan(start * SampleBytes, imagesPerFile * SampleBytes), labels.AsSpan(start, imagesPerFile));
            }
            return new(name, [Side, Side, Channels], images, labels, ClassNames);
        }
        finally
        {
            foreach (var source in sources)
                source.Dispose();
        }
    }

    /// <summary>Opens a file, whose length is known: so many records.</summary>
    static ByteSource Opened(string path, int imagesPerFile)
    {
        long expected = (long)imagesPerFile * RecordBytes;
        // as much again may be packed, so that a file that is too long is told so
        var source = ByteSource.Open(path, 2 * expected);
        if (source.MostBytes >= expected)
            return source;
        using (source)
            throw source.Error(
                source.MostBytes,
                $"{ByteSource.Number(expected - source.MostBytes)} more bytes of image {ByteSource.Number(source.MostBytes / RecordBytes + 1)} of {imagesPerFile}",
                "the end of the file",
                "The file is truncated; fetch it again."
            );
    }

    static void ReadFile(ByteSource source, Span<byte> images, Span<byte> labels)
    {
        var record = new byte[RecordBytes];
        for (int i = 0; i < labels.Length; i++)
        {
            long offset = source.Offset;
            source.Read(record, $"image {i + 1} of {labels.Length}");
            if (record[0] >= ClassNames.Length)
                throw source.Error(
                    offset,
                    $"a label from 0 to {ClassNames.Length - 1}",
                    $"{record[0]}",
                    "Is it a file of CIFAR-10's binary version?"
                );
            labels[i] = record[0];
            Interleave(record.AsSpan(1), images.Slice(i * SampleBytes, SampleBytes));
        }
        source.ExpectEnd();
    }

    static void Interleave(ReadOnlySpan<byte> planes, Span<byte> pixels)
    {
        var red = planes[..Plane];
        var green = planes.Slice(Plane, Plane);
        var blue = planes.Slice(2 * Plane, Plane);
        for (int i = 0; i < Plane; i++)
        {
            pixels[Channels * i] = red[i];
            pixels[Channels * i + 1] = green[i];
            pixels[Channels * i + 2] = blue[i];
        }
    }
}
