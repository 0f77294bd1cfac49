using System.Text.Json;

namespace Cv.Reporting;

/// <summary>Holds the part of a live page that the run itself gives, as it was at one time. All clients share it.</summary>
sealed class RunView
{
    readonly Lazy<string> _html;

    /// <summary>Makes the view of a copy of the run.</summary>
    public RunView(ChartLibrary library, RunSnapshot run)
    {
        Version = run.Version;
        Facts = RunSections.Facts(run).ToString();
        Charts =
        [
            .. RunSections
                .Curves(run)
                .Select(c => c with { Lines = [.. c.Lines.Where(l => l.Curve.Points.Length > 0)] })
                .Where(c => c.Lines.Length > 0),
        ];
        Structure = JsonSerializer.Serialize(Charts.Select(c => c.Lines.Select(l => l.Name).Prepend(c.Title)));
        _html = new(() => new Page(library, 0).Run(run).ToString());
    }

    /// <summary>Counts what the run had recorded.</summary>
    public long Version { get; }

    /// <summary>Gives the head of the part: the facts.</summary>
    public string Facts { get; }

    /// <summary>Lists the charts that have anything to draw, with their curves.</summary>
    public RunChart[] Charts { get; }

    /// <summary>Names the charts and their curves: while these stay, only points need be sent.</summary>
    public string Structure { get; }

    /// <summary>Gives the whole part.</summary>
    public string Html => _html.Value;
}
