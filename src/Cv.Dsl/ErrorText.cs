using System.Globalization;

namespace Cv.Dsl;

/// <summary>Keeps messages readable, whatever they quote: a name of a megabyte, the names of a million tensors.</summary>
static class ErrorText
{
    const int Start = 2000;
    const int End = 600;
    const int LongestName = 80;
    const int MostNames = 10;

    /// <summary>Counts the characters that no bounded message passes.</summary>
    public const int Longest = Start + End + 100;

    /// <summary>Gives a message as it is, or, where it is long, its start and its end, which hold rule and fix.</summary>
    public static string Bounded(string message)
    {
        if (message is null || message.Length <= Start + End)
            return message!;
        int start = char.IsHighSurrogate(message[Start - 1]) ? Start - 1 : Start,
            end = char.IsLowSurrogate(message[^End]) ? End - 1 : End;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{message.AsSpan(0, start)} ... [{message.Length - start - end} characters left out] ... {message.AsSpan(message.Length - end)}"
        );
    }

    /// <summary>Lists the first few of some names, each cut where it is long, and counts the others.</summary>
    public static string List<T>(IEnumerable<T> names, string separator = ", ")
    {
        var first = new List<string>(MostNames + 1);
        int count = 0;
        foreach (var name in names)
            if (count++ < MostNames)
                first.Add(
                    Name(name is IFormattable number ? number.ToString(null, CultureInfo.InvariantCulture) : name?.ToString() ?? "null")
                );
        if (count > MostNames)
            first.Add(string.Create(CultureInfo.InvariantCulture, $"and {count - MostNames} more"));
        return string.Join(separator, first);
    }

    /// <summary>Cuts a long name.</summary>
    public static string Name(string name) =>
        name.Length <= LongestName
            ? name
            : string.Create(CultureInfo.InvariantCulture, $"{name.AsSpan(0, LongestName)}... ({name.Length} characters)");
}
