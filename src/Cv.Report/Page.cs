namespace Cv.Reporting;

/// <summary>Draws charts for the part of a page that is being written.</summary>
/// <example><code>public override Markup Render(Page page) => page.Draw(new Chart("loss", "epoch", series));</code></example>
public sealed class Page
{
    readonly ChartLibrary _library;
    readonly int _part;
    readonly Dictionary<string, int> _ids = [];

    /// <summary>Begins a part of a page.</summary>
    /// <param name="library">What charts are drawn with, if it is there.</param>
    /// <param name="part">The part's place: its charts have the same names each time it is written.</param>
    internal Page(ChartLibrary library, int part) => (_library, _part) = (library, part);

    /// <summary>Writes a chart: drawn where the plotting library is there, and as a table.</summary>
    /// <example><code>public override Markup Render(Page page) => page.Draw(new Chart("loss", "epoch", series));</code></example>
    public Markup Draw(Chart chart)
    {
        ArgumentNullException.ThrowIfNull(chart);
        return chart.ToMarkup(NextId(chart.Title), _library.IsThere);
    }

    /// <summary>Writes charts side by side, as many as the window has room for.</summary>
    public Markup Draw(IEnumerable<Chart> charts) => Markup.Of($"<div class=\"charts\">{charts.Select(Draw)}</div>");

    /// <summary>Writes the part that a run itself gives: facts and curves.</summary>
    internal Markup Run(RunSnapshot run) => Markup.Of($"{RunSections.Facts(run)}{Draw(RunSections.Charts(run))}");

    /// <summary>Writes a section under its heading.</summary>
    internal Markup Body(Section section) => Markup.Of($"<h2>{section.Title}</h2>{section.Render(this)}");

    string NextId(string title)
    {
        string id = $"chart-{_part}-" + string.Concat(title.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
        int turn = _ids[id] = _ids.GetValueOrDefault(id) + 1;
        return turn == 1 ? id : $"{id}-{turn}";
    }
}
