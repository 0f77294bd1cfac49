using System.Buffers;
using System.Text.Json;

namespace Cv.Reporting;

/// <summary>
/// Knows what one client has seen, and writes what has changed since as server-sent events (HTML Living Standard, "Server-sent events"): facts, the points that a curve
/// gained, sections that were rendered again. What it keeps is a few numbers for each curve and section.
/// </summary>
/// <param name="state">What the page shows now.</param>
sealed class LiveChanges(LiveState state)
{
    static readonly JsonEncodedText From = JsonEncodedText.Encode("from");

    readonly long[] _sections = [.. Enumerable.Repeat(-1L, state.SectionCount)];
    string? _structure;
    string? _facts;
    Seen[][] _seen = [];

    /// <summary>Says which of a curve's points were sent.</summary>
    readonly record struct Seen(int Thinnings, int Settled, int Count, double LastX);

    /// <summary>Writes the events for all that changed since the last call; for the first call, all there is.</summary>
    public void Write(IBufferWriter<byte> events)
    {
        var view = state.Run();
        if (view.Structure != _structure)
        {
            Event(events, "part"u8, json => Part(json, 0, view.Html));
            (_structure, _facts) = (view.Structure, view.Facts);
            _seen = [.. view.Charts.Select(c => new Seen[c.Lines.Length])];
        }
        else if (view.Facts != _facts)
        {
            _facts = view.Facts;
            Event(events, "facts"u8, json => json.WriteString("html", _facts));
        }
        for (int chart = 0; chart < view.Charts.Length; chart++)
            WriteCurves(events, chart, view.Charts[chart].Lines);
        for (int i = 0; i < _sections.Length; i++)
        {
            var (content, version) = state.Section(i);
            if (version == _sections[i])
                continue;
            _sections[i] = version;
            int part = i + 1;
            Event(events, "part"u8, json => Part(json, part, content.ToString()));
        }
    }

    /// <summary>Writes that nothing follows.</summary>
    public static void WriteEnd(IBufferWriter<byte> events) => Event(events, "end"u8, _ => { });

    void WriteCurves(IBufferWriter<byte> events, int chart, RunLine[] lines)
    {
        var seen = _seen[chart];
        var now = lines.Select(l => new Seen(l.Curve.Thinnings, l.Curve.Settled, l.Curve.Points.Length, l.Curve.Points[^1].X)).ToArray();
        if (seen.AsSpan().SequenceEqual(now))
            return;
        Event(
            events,
            "curves"u8,
            json =>
            {
                json.WriteNumber("chart", chart);
                json.WriteStartArray("lines");
                for (int i = 0; i < lines.Length; i++)
                    // what was settled stays until the curve is thinned out; the rest is sent again
                    Line(json, lines[i].Curve.Points, seen[i].Thinnings == now[i].Thinnings ? seen[i].Settled : 0);
                json.WriteEndArray();
            }
        );
        _seen[chart] = now;
    }

    static void Line(Utf8JsonWriter json, (double X, double Y)[] points, int from)
    {
        json.WriteStartObject();
        json.WriteNumber(From, from);
        json.WriteStartArray("x");
        foreach (var (x, _) in points.AsSpan(from))
            json.WriteNumberValue(Digits.Rounded(x));
        json.WriteEndArray();
        json.WriteStartArray("y");
        foreach (var (_, y) in points.AsSpan(from))
            if (double.IsFinite(y))
                json.WriteNumberValue(Digits.Rounded(y));
            else
                json.WriteNullValue();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Part(Utf8JsonWriter json, int part, string html)
    {
        json.WriteNumber("part", part);
        json.WriteString("html", html);
    }

    /// <summary>Writes an event: its name, and one line of JSON.</summary>
    static void Event(IBufferWriter<byte> events, ReadOnlySpan<byte> name, Action<Utf8JsonWriter> content)
    {
        events.Write("event: "u8);
        events.Write(name);
        events.Write("\ndata: "u8);
        using (var json = new Utf8JsonWriter(events))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }
        events.Write("\n\n"u8);
    }
}
