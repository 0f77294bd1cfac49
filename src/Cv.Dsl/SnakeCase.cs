using System.Collections.Concurrent;

namespace Cv.Dsl;

/// <summary>Turns a type's name into an op's name: ReduceMax into reduce_max.</summary>
static class SnakeCase
{
    static readonly ConcurrentDictionary<string, string> Known = [];

    public static string Of(string name) =>
        Known.GetOrAdd(
            name,
            n =>
                string.Concat(n.Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"))
        );
}
