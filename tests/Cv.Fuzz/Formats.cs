using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Practice;
using Cv.Runtime;

namespace Cv.Fuzz;

/// <summary>Lists every kind of file that the library reads.</summary>
public static class Formats
{
    // small, so that what asks for more memory than it should is seen
    const long Budget = 1 << 20;

    static readonly string[] Json =
    [
        "null",
        "true",
        "{}",
        "[]",
        "\"\"",
        "\"\\ud800\"",
        "1e999",
        "-1",
        "0.5",
        ",",
        ":",
        "{",
        "}",
        "[",
        "]",
        "\"",
    ];

    static readonly string Folder = Directory
        .CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"cv-fuzz-{Environment.ProcessId}"))
        .FullName;

    static readonly SearchSpace Space = new(
        Setting.LogUniform("rate", 1e-4, 1e-1),
        Setting.Integer("hidden", 16, 256),
        Setting.Choice("gate", "relu", "tanh")
    );

    /// <summary>Gives the formats.</summary>
    public static IReadOnlyList<Format> All { get; } =
    [
        new(
            "npy",
            () => [Npy(0), Npy(1), Npy(2), Npy(3)],
            ReadNpy,
            ["'descr'", "'fortran_order'", "'shape'", "True", "False", "(", ")", ",", "<f8", ">i2", "|u1", "|b1", "99999999999"],
            Same
        ),
        new(
            "npz",
            NpzSeeds,
            bytes => Npz.Read(new MemoryStream(bytes), "file", Budget).Dispose(),
            ["PK\u0003\u0004", "PK\u0001\u0002", "PK\u0005\u0006", "PK\u0006\u0006", "PK\u0006\u0007", ".npy"],
            RepairZip
        ),
        new(
            "safetensors",
            () => [Safe(true), Safe(false)],
            bytes => Safetensors.Read(new MemoryStream(bytes), "file").Dispose(),
            [.. Json, "dtype", "shape", "data_offsets", "__metadata__", "F16", "BF16", "I64", "U8", "BOOL"],
            RepairLength
        ),
        new(
            "checkpoint",
            CheckpointSeeds,
            bytes => AtPath("run.ckpt", bytes, path => Cv.Runtime.Checkpoint.Read(path).Dispose()),
            [.. Json, "Epochs", "Steps", "Mean", "BestEpoch", "BestLoss", "identity", "state/", "best/"],
            RepairCheckpoint
        ),
        new(
            "journal",
            JournalSeeds,
            bytes => AtPath("search.jsonl", bytes, path => new Journal(path, Space, "fuzz").Dispose()),
            [.. Json, "\n", "Trial", "Budget", "Settings", "Score", "Outcome", "Reports", "Seconds", "Completed", "Failed"],
            Same
        ),
        new(
            "tiles",
            () => [Encoding.UTF8.GetBytes("""{ "a; 256 bits; 2 threads; matmul f32[3,4] f32[4,5]": "6x2", "b": "4x3" }""")],
            bytes => AtPath("tiles.json", bytes, path => Tuner.Load(path)),
            Json,
            Same
        ),
        new("idx", () => [Idx3(gzip: false)], ReadIdx, [], Same),
        new("idx-gzip", () => [Idx3(gzip: true)], ReadIdx, [], RepairGzip),
        new("cifar", () => [Cifar(gzip: false), Cifar(gzip: true)], ReadCifar, [], Same),
    ];

    static byte[] Same(byte[] bytes) => bytes;

    static void AtPath(string name, byte[] bytes, Action<string> read)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        read(path);
    }

    static byte[] Npy(int kind)
    {
        var type = kind switch
        {
            0 => new TensorType(DType.F32, [2, 3]),
            1 => new TensorType(DType.I32, []),
            2 => new TensorType(DType.Bool, [5]),
            _ => new TensorType(DType.F64, [1, 2, 1, 2]),
        };
        byte[] header = NpyHeader.Of(type);
        if (kind == 3)
            header = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(header).Replace("False", "True ", StringComparison.Ordinal));
        return [.. header, .. new byte[type.Shape.Size * type.DType.ByteSize()]];
    }

    static void ReadNpy(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        var header = NpyHeader.Read(stream, Bad);
        if (!StoredType.TryCount([.. header.Dims], out int count) || (long)count * header.Type.Bytes > bytes.Length)
            throw Bad("a shape that fits", "another");
        header.Type.Read(stream, Shape.Of(header.Dims.Select(d => (int)d)), Bad).Dispose();

        static DataException Bad(string expected, string found) => new($"file: expected {expected}, found {found}.");
    }

    static ModelState State() =>
        new([
            KeyValuePair.Create("dense1.w", Tensor.From([2, 3], [1f, 2f, 3f, 4f, 5f, 6f])),
            KeyValuePair.Create("steps", Tensor.From([], [7])),
            KeyValuePair.Create("exact", Tensor.From([2], [0.5, -0.25])),
            KeyValuePair.Create("on", Tensor.From([3], [true, false, true])),
        ]);

    static IReadOnlyList<byte[]> NpzSeeds()
    {
        using var stored = new MemoryStream();
        using var state = State();
        Npz.Write(stored, state);
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
            for (int kind = 0; kind < 4; kind++)
            {
                using var entry = archive.CreateEntry(string.Create(CultureInfo.InvariantCulture, $"a{kind}.npy")).Open();
                entry.Write(Npy(kind));
            }
        return [stored.ToArray(), packed.ToArray()];
    }

    static byte[] Safe(bool texts)
    {
        using var stream = new MemoryStream();
        using var state = State();
        Safetensors.Write(stream, state, texts ? new Dictionary<string, string> { ["format"] = "pt" } : null);
        return stream.ToArray();
    }

    static IReadOnlyList<byte[]> CheckpointSeeds()
    {
        string path = Path.Combine(Folder, "seed.ckpt");
        using var state = State();
        using var best = State();
        var epoch = new EpochEnded(
            1,
            0.5,
            [new("accuracy", 0.25, IsFraction: true)],
            new Evaluation(0.5, [new("accuracy", 0.25, IsFraction: true)], 9),
            100,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(2)
        );
        var identity = new RunIdentity(["%0 : f32[] = input \"x\"", "return %0"], ["return %0"], [new("batch size", "6")]);
        CheckpointFile.Write(
            path,
            state,
            best,
            new(6, 4, 20, 6, 3, new(1, [2], 12), [epoch], 1, 0.5, epoch.Elapsed, epoch.Elapsed),
            identity,
            keep: false
        );
        byte[] whole = File.ReadAllBytes(path);
        CheckpointFile.Write(
            path,
            state,
            null,
            new(0, 4, 20, 6, null, new(0, null, 0), [], null, null, default, default),
            identity,
            keep: false
        );
        return [whole, File.ReadAllBytes(path)];
    }

    static IReadOnlyList<byte[]> JournalSeeds()
    {
        string path = Path.Combine(Folder, "seed.jsonl");
        File.Delete(path); // a journal that is there is gone on with
        using (var journal = new Journal(path, Space, "fuzz"))
            for (int i = 0; i < 3; i++)
            {
                var outcome = (TrialOutcome)i;
                double score = outcome == TrialOutcome.Failed ? double.NaN : 0.5;
                journal.Add(new(i + 1, Space.Draw(1, i), 1, score, outcome, [0.25, double.NaN], TimeSpan.FromSeconds(1.5)));
            }
        return [File.ReadAllBytes(path)];
    }

    // both files of a set in one: four bytes say where the second begins
    static byte[] Idx3(bool gzip)
    {
        byte[] images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, .. Enumerable.Range(0, 12).Select(i => (byte)i)];
        byte[] labels = [0, 0, 8, 1, 0, 0, 0, 2, 3, 9];
        if (gzip)
            (images, labels) = (Gzip(images), Gzip(labels));
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, images.Length);
        return [.. length, .. images, .. labels];
    }

    static void ReadIdx(byte[] bytes)
    {
        var (images, labels) = Halves(bytes);
        Idx.Read(new MemoryStream(images), new MemoryStream(labels), "file", Mnist.ClassNames, Budget);
    }

    static (byte[] First, byte[] Second) Halves(byte[] bytes)
    {
        if (bytes.Length < 4)
            return (bytes, bytes);
        int cut = 4 + (int)(BinaryPrimitives.ReadUInt32LittleEndian(bytes) % (uint)(bytes.Length - 3));
        return (bytes[4..cut], bytes[cut..]);
    }

    static byte[] Cifar(bool gzip)
    {
        byte[] record = [3, .. Enumerable.Range(0, 3072).Select(i => (byte)i)];
        return gzip ? Gzip(record) : record;
    }

    static void ReadCifar(byte[] bytes)
    {
        foreach (string name in (string[])["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"])
            if (name == "data_batch_1" || !File.Exists(Path.Combine(Folder, name + ".bin")))
                File.WriteAllBytes(Path.Combine(Folder, name + ".bin"), name == "data_batch_1" ? bytes : Cifar(gzip: false));
        Cifar10.Read(Folder, imagesPerFile: 1);
    }

    static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest))
            stream.Write(bytes);
        return packed.ToArray();
    }

    static byte[] RepairGzip(byte[] bytes)
    {
        var (images, labels) = Halves(bytes);
        byte[] first = Whole(images),
            second = Whole(labels);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, first.Length);
        return [.. length, .. first, .. second];

        // what unpacks of it, packed again
        static byte[] Whole(byte[] packed)
        {
            using var unpacked = new MemoryStream();
            try
            {
                using var stream = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
                byte[] chunk = new byte[4096];
                while (unpacked.Length < Budget && stream.Read(chunk) is > 0 and var read)
                    unpacked.Write(chunk, 0, read);
            }
            catch (InvalidDataException)
            {
                // as far as it went
            }
            return Gzip(unpacked.ToArray());
        }
    }

    // the length of the header, where it ends with the last brace
    static byte[] RepairLength(byte[] bytes)
    {
        int brace = Array.LastIndexOf(bytes, (byte)'}');
        if (brace < sizeof(long))
            return bytes;
        BinaryPrimitives.WriteInt64LittleEndian(bytes, brace + 1 - sizeof(long));
        return bytes;
    }

    static byte[] RepairCheckpoint(byte[] bytes)
    {
        const string before = "{\"__metadata__\":{\"sha256\":\"";
        int at = sizeof(long) + before.Length,
            length = 2 * SHA256.HashSizeInBytes;
        if (bytes.Length < at + length)
            return bytes;
        RepairLength(bytes);
        Encoding.ASCII.GetBytes(before, bytes.AsSpan(sizeof(long)));
        bytes.AsSpan(at, length).Fill((byte)'0');
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.AsSpan(at));
        return bytes;
    }

    // the checksum of each stored file that its header finds, there and in the directory
    static byte[] RepairZip(byte[] bytes)
    {
        for (int at = 0; at + 46 <= bytes.Length; at++)
        {
            var entry = bytes.AsSpan(at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry) != 0x02014b50)
                continue;
            uint header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]),
                size = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
            if (header + 30L > bytes.Length)
                continue;
            var own = bytes.AsSpan((int)header);
            long data =
                header + 30L + BinaryPrimitives.ReadUInt16LittleEndian(own[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(own[28..]);
            if (data + size > bytes.Length)
                continue;
            try
            {
                var part = new MemoryStream(bytes, (int)data, (int)size);
                using var sum = new Crc32Stream(
                    BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]) == 8 ? new DeflateStream(part, CompressionMode.Decompress) : part
                );
                byte[] chunk = new byte[4096];
                for (long count = 0; count < Budget && sum.Read(chunk, 0, chunk.Length) is > 0 and var read; count += read) { }
                BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], sum.Sum);
                BinaryPrimitives.WriteUInt32LittleEndian(own[14..], sum.Sum);
            }
            catch (InvalidDataException)
            {
                // does not unpack: it keeps the checksum it has
            }
        }
        return bytes;
    }
}
