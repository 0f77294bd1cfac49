using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Tells of a tensor that was not copied, because its type differs.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Here">Its type in the state that was to be overwritten.</param>
/// <param name="There">Its type in the source.</param>
public sealed record StateMisfit(string Name, TensorType Here, TensorType There);

/// <summary>Tells what became of each name when a state was overwritten from another; prints as a short report.</summary>
/// <param name="Copied">The names that were copied.</param>
/// <param name="Misfits">The names that both have, with another dtype or shape: left as they were.</param>
/// <param name="Missing">The names that the source has not: left as they were.</param>
/// <param name="Unused">The source's names that were not asked for.</param>
public sealed record StateMatch(
    ImmutableArray<string> Copied,
    ImmutableArray<StateMisfit> Misfits,
    ImmutableArray<string> Missing,
    ImmutableArray<string> Unused
)
{
    /// <summary>Prints the counts, and the names of what was not copied: a line for each kind.</summary>
    public override string ToString()
    {
        var lines = new List<string> { $"{Copied.Length} copied: {List(Copied)}" };
        if (!Misfits.IsEmpty)
            lines.Add($"{Misfits.Length} of another type: {List(Misfits.Select(m => $"{m.Name} is {m.There} there and {m.Here} here"))}");
        if (!Missing.IsEmpty)
            lines.Add($"{Missing.Length} not in the source: {List(Missing)}");
        if (!Unused.IsEmpty)
            lines.Add($"{Unused.Length} of the source not used: {List(Unused)}");
        return string.Join('\n', lines);
    }

    static string List(IEnumerable<string> names)
    {
        string list = string.Join(", ", names);
        return list.Length == 0 ? "none" : list;
    }
}
