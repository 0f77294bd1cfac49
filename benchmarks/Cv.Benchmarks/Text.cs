using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cv.Benchmarks;

/// <summary>Writes figures as JSON, one object a line.</summary>
static class Text
{
    /// <summary>Names keys in snake case, and leaves out what is not known.</summary>
    public static JsonSerializerOptions Json { get; } =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Prints a line to standard output.</summary>
    public static void Print<T>(T figures) => Console.WriteLine(JsonSerializer.Serialize(figures, Json));
}
