using System.Buffers.Binary;
using System.Globalization;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Names the families of numbers that files hold.</summary>
enum StoredKind
{
    Float,
    BrainFloat,
    Signed,
    Unsigned,
    Truth,
}

/// <summary>
/// Says how an element stands in a file, and reads elements as the nearest dtype here that holds each of them: f16 and bf16 as f32, integers as i32,
/// where one that does not fit is refused.
/// </summary>
/// <param name="Kind">The family.</param>
/// <param name="Bytes">The bytes of an element.</param>
/// <param name="BigEndian">Whether the highest byte comes first.</param>
readonly record struct StoredType(StoredKind Kind, int Bytes, bool BigEndian = false)
{
    const int ChunkBytes = 1 << 16;

    /// <summary>Gives the dtype that the elements are read as.</summary>
    public DType DType =>
        Kind switch
        {
            StoredKind.Float when Bytes == 8 => DType.F64,
            StoredKind.Float or StoredKind.BrainFloat => DType.F32,
            StoredKind.Truth => DType.Bool,
            _ => DType.I32,
        };

    /// <summary>Tells whether the bytes of the file are those in memory.</summary>
    bool IsAsInMemory => !BigEndian && Kind is StoredKind.Float or StoredKind.Signed && Bytes == DType.ByteSize();

    /// <summary>Counts the elements of a shape from a file, if a tensor can hold them.</summary>
    public static bool TryCount(IReadOnlyList<long> dims, out int count)
    {
        count = 0;
        if (dims.Count > Shape.MostDims)
            return false;
        long product = 1;
        foreach (long dim in dims)
        {
            if (dim is < 0 or > int.MaxValue)
                return false;
            product = Math.Min(product * dim, int.MaxValue + 1L);
        }
        count = (int)Math.Min(product, int.MaxValue);
        return product <= int.MaxValue;
    }

    /// <summary>Reads a tensor's elements, row-major.</summary>
    /// <param name="stream">The file, at the first element.</param>
    /// <param name="shape">The tensor's shape.</param>
    /// <param name="error">Makes the error of what was expected and what was found.</param>
    /// <exception cref="DataException">The file ends, or an element fits no dtype here.</exception>
    public Tensor Read(Stream stream, Shape shape, Func<string, string, DataException> error)
    {
        var tensor = Tensor.Uninitialised(shape, DType);
        try
        {
            if (IsAsInMemory)
                tensor.InPieces(piece => Fill(stream, piece, error));
            else
                Convert(stream, tensor, error);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    void Convert(Stream stream, Tensor tensor, Func<string, string, DataException> error)
    {
        byte[] chunk = new byte[Math.Min(ChunkBytes, (long)tensor.Size * Bytes)]; // a file may hold a million small tensors
        int most = ChunkBytes / Bytes;
        for (int done = 0; done < tensor.Size; )
        {
            int count = Math.Min(most, tensor.Size - done);
            var bytes = chunk.AsSpan(0, count * Bytes);
            Fill(stream, bytes, error);
            for (int i = 0; i < count; i++)
                Set(tensor, done + i, bytes.Slice(i * Bytes, Bytes), error);
            done += count;
        }
    }

    void Set(Tensor tensor, int index, Span<byte> bytes, Func<string, string, DataException> error)
    {
        if (BigEndian)
            bytes.Reverse();
        switch (tensor.DType)
        {
            case DType.F64:
                tensor.AsSpan<double>()[index] = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
                break;
            case DType.F32:
                tensor.AsSpan<float>()[index] = Single(bytes);
                break;
            case DType.I32:
                tensor.AsSpan<int>()[index] = Int32(bytes, error);
                break;
            default:
                tensor.AsSpan<bool>()[index] = bytes[0] <= 1 ? bytes[0] == 1 : throw error("a truth value, 0 or 1", Number(bytes[0]));
                break;
        }
    }

    float Single(ReadOnlySpan<byte> bytes) =>
        Kind == StoredKind.BrainFloat ? BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16)
        : Bytes == 2 ? (float)BinaryPrimitives.ReadHalfLittleEndian(bytes)
        : BinaryPrimitives.ReadSingleLittleEndian(bytes);

    int Int32(ReadOnlySpan<byte> bytes, Func<string, string, DataException> error)
    {
        long value = (Kind, Bytes) switch
        {
            (StoredKind.Signed, 1) => (sbyte)bytes[0],
            (StoredKind.Signed, 2) => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            (StoredKind.Signed, 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            (StoredKind.Unsigned, 1) => bytes[0],
            (StoredKind.Unsigned, 2) => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            (StoredKind.Unsigned, 4) => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadInt64LittleEndian(bytes), // of u64, what passes 2^63 turns negative, and is refused as well
        };
        return value is < int.MinValue or > int.MaxValue || (Kind == StoredKind.Unsigned && value < 0)
            ? throw error("integers that an i32 can hold", Kind == StoredKind.Unsigned ? $"{(ulong)value}" : Number(value))
            : (int)value;
    }

    static void Fill(Stream stream, Span<byte> target, Func<string, string, DataException> error)
    {
        int read = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (read < target.Length)
            throw error($"{Number(target.Length - read)} more bytes", "the end of the file");
    }

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
