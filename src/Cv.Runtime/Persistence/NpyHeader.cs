using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Says what a NumPy .npy file holds: after "\x93NUMPY", a version and a length, a Python dictionary such as
/// {'descr': '&lt;f4', 'fortran_order': False, 'shape': (2, 3), }, padded so that the elements begin at a multiple of 64.
/// </summary>
/// <param name="Type">How an element stands in the file.</param>
/// <param name="ColumnMajor">Whether the first axis runs fastest, "fortran_order".</param>
/// <param name="Dims">The extents.</param>
readonly record struct NpyHeader(StoredType Type, bool ColumnMajor, ImmutableArray<long> Dims)
{
    const int Alignment = 64;
    const int MostBytes = 1 << 20;

    static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Writes the header of a tensor, format version 1.0, or 2.0 where the shape is too long for it.</summary>
    public static byte[] Of(TensorType type)
    {
        string descr = type.DType switch
        {
            DType.F32 => "<f4",
            DType.F64 => "<f8",
            DType.I32 => "<i4",
            _ => "|b1",
        };
        int[] dims = type.Shape.ToArray();
        // one dim is written (3,), as (3) would be a number
        string shape = string.Join(", ", dims.Select(d => d.ToString(CultureInfo.InvariantCulture))) + (dims.Length == 1 ? "," : "");
        string text = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}";
        int lengthBytes = text.Length + Alignment < ushort.MaxValue ? 2 : 4;
        int before = Magic.Length + 2 + lengthBytes;
        int end = (before + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        text = text.PadRight(end - before - 1) + '\n';
        var bytes = new List<byte>(end);
        bytes.AddRange(Magic);
        bytes.AddRange(lengthBytes == 2 ? [1, 0] : [2, 0]);
        for (int i = 0; i < lengthBytes; i++)
            bytes.Add((byte)(text.Length >> (8 * i)));
        bytes.AddRange(Encoding.ASCII.GetBytes(text));
        return [.. bytes];
    }

    /// <summary>Reads a header; the stream stands at the first element then.</summary>
    /// <exception cref="DataException">It is not as the format says.</exception>
    public static NpyHeader Read(Stream stream, Func<string, string, DataException> error)
    {
        var start = Bytes(stream, Magic.Length + 2, error);
        if (!start.AsSpan().StartsWith(Magic))
            throw error("\\x93NUMPY at its beginning", Convert.ToHexString(start.AsSpan(0, Magic.Length)));
        int version = start[Magic.Length];
        if (version is not (1 or 2 or 3) || start[Magic.Length + 1] != 0)
            throw error("format version 1.0, 2.0 or 3.0", $"{version}.{start[Magic.Length + 1]}");
        uint length = 0;
        byte[] size = Bytes(stream, version == 1 ? 2 : 4, error);
        for (int i = size.Length - 1; i >= 0; i--)
            length = length << 8 | size[i];
        if (length > MostBytes)
            throw error($"a header of at most {MostBytes} bytes", $"{length}");
        string text = Encoding.UTF8.GetString(Bytes(stream, (int)length, error));
        return new NpyDictionary(text, error).Read();
    }

    static byte[] Bytes(Stream stream, int count, Func<string, string, DataException> error)
    {
        byte[] bytes = new byte[count];
        int read = stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false);
        return read == count ? bytes : throw error($"{count} bytes of a header", $"the end after {read}");
    }
}
