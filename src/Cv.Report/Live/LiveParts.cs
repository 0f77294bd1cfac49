using System.Text.Json;

namespace Cv.Reporting;

/// <summary>Holds the parts of a live page as they are now, each with a number that grows when it changes. Safe for any thread.</summary>
sealed class LiveParts(int count)
{
    readonly Lock _lock = new();
    readonly (Markup Content, long Version)[] _parts = new (Markup, long)[count];
    long _runVersion = -1;

    /// <summary>Replaces a part.</summary>
    public void Set(int index, Markup content)
    {
        lock (_lock)
            _parts[index] = (content, _parts[index].Version + 1);
    }

    /// <summary>Replaces a part if what it was made of is older than this version; several clients ask, and one renders.</summary>
    public void Set(int index, long version, Func<Markup> content)
    {
        lock (_lock)
        {
            if (version <= _runVersion)
                return;
            _runVersion = version;
            _parts[index] = (content(), _parts[index].Version + 1);
        }
    }

    /// <summary>Copies all parts, and their versions.</summary>
    public (Markup Content, long Version)[] All()
    {
        lock (_lock)
            return [.. _parts];
    }

    /// <summary>Gives the parts that are newer than what was seen, and notes that they are seen now.</summary>
    public IEnumerable<(int Index, Markup Content)> Since(long[] seen)
    {
        var all = All();
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i].Version <= seen[i])
                continue;
            seen[i] = all[i].Version;
            yield return (i, all[i].Content);
        }
    }

    /// <summary>Writes a part as a server-sent event: one line of JSON (HTML Living Standard, "Server-sent events").</summary>
    public static string Message(int index, Markup content) =>
        $"event: part\ndata: {JsonSerializer.Serialize(new { part = index, html = content.ToString() })}\n\n";
}
