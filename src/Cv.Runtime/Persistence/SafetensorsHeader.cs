using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Says what a safetensors file holds and where: its length in eight bytes, then JSON, padded to a multiple of eight.</summary>
/// <param name="Tensors">The tensors, as the header lists them.</param>
/// <param name="Metadata">The texts under "__metadata__".</param>
sealed record SafetensorsHeader(ImmutableArray<SafetensorsHeader.Entry> Tensors, ImmutableSortedDictionary<string, string> Metadata)
{
    public const string MetadataName = "__metadata__";

    // as the reference implementation has it: a longer one is an attack on the reader's memory
    const int MostBytes = 100_000_000;
    const int Alignment = 8;

    /// <summary>Is one tensor: its name, its type in the file, and its place among the bytes after the header.</summary>
    public sealed record Entry(string Name, StoredType Type, Shape Shape, long Begin, long End);

    /// <summary>Writes the header of a state's tensors, and gives these in the order of their bytes: the wide ones first, so that each is aligned.</summary>
    public static (byte[] Header, ImmutableArray<Tensor> Order) Of(ModelState state, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var begins = new Dictionary<string, long>();
        long end = 0;
        foreach (string name in state.Names.OrderByDescending(name => state[name].DType.ByteSize()))
        {
            begins[name] = end;
            end += state[name].ByteSize;
        }
        using var bytes = new MemoryStream();
        bytes.Write(new byte[sizeof(long)]);
        using (var json = new Utf8JsonWriter(bytes))
            Write(json, state, metadata, begins);
        while (bytes.Length % Alignment != 0)
            bytes.WriteByte((byte)' ');
        byte[] header = bytes.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(long));
        return (header, [.. state.Names.OrderBy(name => begins[name]).ThenBy(name => state[name].ByteSize).Select(name => state[name])]);
    }

    /// <summary>Reads a header, and makes sure that its tensors fill the rest of the file without a gap.</summary>
    /// <exception cref="DataException">It is not as the format says.</exception>
    public static SafetensorsHeader Read(Stream stream, string file)
    {
        long length = stream.Length - stream.Position;
        Span<byte> eight = stackalloc byte[sizeof(long)];
        if (stream.ReadAtLeast(eight, sizeof(long), throwOnEndOfStream: false) < sizeof(long))
            throw Error(file, 0, "the header's length in 8 bytes", $"{Number(length)} bytes in all");
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(eight);
        if (size > MostBytes || (long)size > length - sizeof(long))
            throw Error(file, 0, $"a header of at most {Number(Math.Min(MostBytes, length - sizeof(long)))} bytes", $"a length of {size}");
        byte[] json = new byte[size];
        stream.ReadExactly(json);
        if (!json.AsSpan().StartsWith("{"u8))
            throw Error(file, sizeof(long), "a header that begins with {", size == 0 ? "none" : $"0x{json[0]:X2}");
        try
        {
            using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false });
            return Read(document.RootElement, length - sizeof(long) - (long)size, file);
        }
        // a lone surrogate, "\ud800", is no text
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            throw Error(file, sizeof(long), "a header of JSON", Excerpt.Of(ex.Message, 200), ex);
        }
    }

    static SafetensorsHeader Read(JsonElement root, long dataBytes, string file)
    {
        var metadata = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var tensors = ImmutableArray.CreateBuilder<Entry>();
        foreach (var property in root.EnumerateObject())
            if (property.Name != MetadataName)
                tensors.Add(ReadEntry(property, file));
            else if (property.Value.ValueKind == JsonValueKind.Object)
                foreach (var text in property.Value.EnumerateObject())
                    metadata.Add(text.Name, Text(text.Value) ?? throw Bad(file, MetadataName, "texts", text.Value));
            else
                throw Bad(file, MetadataName, "an object of texts", property.Value);
        long end = 0;
        foreach (var entry in tensors.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != end)
                throw Error(
                    file,
                    sizeof(long),
                    $"\"{Excerpt.Of(entry.Name)}\" to begin where the one before it ends, at {Number(end)}",
                    Number(entry.Begin)
                );
            end = entry.End;
        }
        return end == dataBytes
            ? new(tensors.ToImmutable(), metadata.ToImmutable())
            : throw Error(
                file,
                sizeof(long),
                $"tensors of {Number(dataBytes)} bytes, all that follow the header",
                $"tensors of {Number(end)}"
            );
    }

    static Entry ReadEntry(JsonProperty property, string file)
    {
        var (name, value) = (property.Name, property.Value);
        if (value.ValueKind != JsonValueKind.Object || value.GetPropertyCount() != 3)
            throw Bad(file, name, "dtype, shape and data_offsets", value);
        var type =
            TypeOf(Property(value, "dtype") is { } text ? Text(text) : null)
            ?? throw Bad(file, name, "a dtype of BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64 or F64", value);
        var dims = Numbers(Property(value, "shape")) ?? throw Bad(file, name, "a shape of whole numbers", value);
        var offsets = Numbers(Property(value, "data_offsets"));
        if (offsets is not [var begin, var end] || begin > end)
            throw Bad(file, name, "data_offsets of two whole numbers, begin and end", value);
        if (!StoredType.TryCount(dims, out int count))
            throw Bad(file, name, $"a shape of at most {int.MaxValue} elements", value);
        if (end - begin != (long)count * type.Bytes)
            throw Bad(file, name, $"{Number((long)count * type.Bytes)} bytes for its shape", value);
        return new(name, type, Shape.Of(dims.Select(d => (int)d)), begin, end);
    }

    static void Write(
        Utf8JsonWriter json,
        ModelState state,
        IEnumerable<KeyValuePair<string, string>> metadata,
        Dictionary<string, long> begins
    )
    {
        json.WriteStartObject();
        var texts = metadata.ToList();
        if (texts.Count > 0)
        {
            json.WriteStartObject(MetadataName);
            foreach (var (name, text) in texts)
                json.WriteString(name, text);
            json.WriteEndObject();
        }
        foreach (string name in state.Names)
        {
            if (name == MetadataName)
                throw new DataException(
                    $"safetensors: a tensor cannot be named {MetadataName}, which the format keeps for texts. Rename it."
                );
            var tensor = state[name];
            json.WriteStartObject(name);
            json.WriteString("dtype", NameOf(tensor.DType));
            json.WriteStartArray("shape");
            foreach (int dim in tensor.Shape.ToArray())
                json.WriteNumberValue(dim);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(begins[name]);
            json.WriteNumberValue(begins[name] + tensor.ByteSize);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    static string NameOf(DType dtype) =>
        dtype switch
        {
            DType.F32 => "F32",
            DType.F64 => "F64",
            DType.I32 => "I32",
            _ => "BOOL",
        };

    static StoredType? TypeOf(string? name) =>
        name switch
        {
            "F64" => new(StoredKind.Float, 8),
            "F32" => new(StoredKind.Float, 4),
            "F16" => new(StoredKind.Float, 2),
            "BF16" => new(StoredKind.BrainFloat, 2),
            "I64" => new(StoredKind.Signed, 8),
            "I32" => new(StoredKind.Signed, 4),
            "I16" => new(StoredKind.Signed, 2),
            "I8" => new(StoredKind.Signed, 1),
            "U64" => new(StoredKind.Unsigned, 8),
            "U32" => new(StoredKind.Unsigned, 4),
            "U16" => new(StoredKind.Unsigned, 2),
            "U8" => new(StoredKind.Unsigned, 1),
            "BOOL" => new(StoredKind.Truth, 1),
            _ => null,
        };

    static JsonElement? Property(JsonElement value, string name) => value.TryGetProperty(name, out var found) ? found : null;

    static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    static List<long>? Numbers(JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.Array } array)
            return null;
        var numbers = new List<long>();
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out long number) || number < 0)
                return null;
            numbers.Add(number);
        }
        return numbers;
    }

    static DataException Bad(string file, string name, string expected, JsonElement found) =>
        Error(file, sizeof(long), $"\"{Excerpt.Of(name)}\" to have {expected}", Excerpt.Of(found.GetRawText()));

    public static DataException Error(string file, long offset, string expected, string found, Exception? inner = null)
    {
        string message =
            $"{file}: at offset {Number(offset)}: expected {expected}, found {found}. The file is damaged, or no safetensors file; write it again.";
        return inner is null ? new(message) : new(message, inner);
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
