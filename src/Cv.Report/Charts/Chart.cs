using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cv.Reporting;

/// <summary>Names the ways in which a series is drawn.</summary>
public enum Mark
{
    /// <summary>A line through the points.</summary>
    Line,

    /// <summary>A thin, pale line: what stands behind others, such as the loss of each mini-batch.</summary>
    Faint,

    /// <summary>Points alone.</summary>
    Dots,

    /// <summary>Bars from zero, each from its x to the next: a histogram's counts.</summary>
    Bars,
}

/// <summary>Holds one line, cloud or row of bars of a chart.</summary>
/// <param name="Name">Names it in the legend.</param>
/// <param name="Points">The points; a y that is not finite leaves a gap.</param>
/// <param name="Mark">How it is drawn.</param>
public sealed record Series(string Name, ImmutableArray<(double X, double Y)> Points, Mark Mark = Mark.Line)
{
    /// <summary>Makes a series of points in any order.</summary>
    public Series(string name, IEnumerable<(double X, double Y)> points, Mark mark = Mark.Line)
        : this(name, [.. points], mark) { }
}

/// <summary>
/// Holds one chart: its title, the names of its axes, and its series. A page draws it with the plotting library, and shows its numbers as a table
/// as well: under a fold, or openly where the library is missing.
/// </summary>
/// <example><code>
/// var chart = new Chart("loss", "epoch", new Series("training", [(1, 2.3), (2, 1.9)]), new Series("validation", [(1, 2.2), (2, 2.0)]));
/// </code></example>
public sealed record Chart
{
    /// <summary>Makes a chart.</summary>
    /// <param name="title">Stands above it.</param>
    /// <param name="x">Names the horizontal axis.</param>
    /// <param name="series">The series, in the order of the legend.</param>
    public Chart(string title, string x, params Series[] series) => (Title, X, Series) = (title, x, [.. series]);

    /// <summary>Gives what stands above the chart.</summary>
    public string Title { get; }

    /// <summary>Names the horizontal axis.</summary>
    public string X { get; }

    /// <summary>Lists the series, in the order of the legend.</summary>
    public ImmutableArray<Series> Series { get; }

    internal static JsonSerializerOptions JsonOptions { get; } =
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        };

    /// <summary>Spaces the horizontal axis by powers of ten; points at 0 or below are then left out.</summary>
    public bool LogX { get; init; }

    /// <summary>Spaces the vertical axis by powers of ten; points at 0 or below are then left out.</summary>
    public bool LogY { get; init; }

    /// <summary>Writes the values of the vertical axis as per cent of 1.</summary>
    public bool Percent { get; init; }

    /// <summary>Tells whether there is any point to draw.</summary>
    internal bool IsEmpty => Series.All(s => s.Points.IsEmpty);

    /// <summary>Leaves out what has no points, such as the validation of a run that has none.</summary>
    internal Chart WithoutEmptySeries() =>
        new(Title, X, [.. Series.Where(s => !s.Points.IsEmpty)])
        {
            LogX = LogX,
            LogY = LogY,
            Percent = Percent,
        };

    /// <summary>Writes the chart: its data for the script, and its table.</summary>
    /// <param name="id">Names it in the page, so that a live page knows it again.</param>
    /// <param name="drawn">Says whether the page brings the plotting library; the table is open if not.</param>
    internal Markup ToMarkup(string id, bool drawn)
    {
        var table = ChartTable.Of(this);
        return Markup.Of(
            $"""
            <figure class="chart" id="{id}"><figcaption>{Title}</figcaption>{(
                drawn ? Markup.Of($"<div class=\"plot\"></div>{Markup.Json(Data())}") : default
            )}
            <details{Markup.Trusted(drawn ? "" : " open")}><summary>numbers</summary>{table}</details></figure>

            """
        );
    }

    object Data()
    {
        var (xs, rows) = Align();
        return new
        {
            x = X,
            LogX,
            LogY,
            Percent,
            series = Series.Select(s => new { s.Name, s.Mark }),
            data = rows.Prepend(xs),
        };
    }

    /// <summary>Puts all series over one ascending row of x, null where one has no point: the form that the plotting library takes.</summary>
    internal (double?[] Xs, double?[][] Rows) Align()
    {
        // a series may have several points at one x, such as two trials: the n-th of each share a column
        var columns = new SortedDictionary<(double X, int Turn), double?[]>();
        for (int s = 0; s < Series.Length; s++)
        {
            var turns = new Dictionary<double, int>();
            foreach (var (x, y) in Series[s].Points)
            {
                if (!double.IsFinite(x) || (LogX && x <= 0))
                    continue;
                int turn = turns.GetValueOrDefault(x);
                turns[x] = turn + 1;
                if (!columns.TryGetValue((x, turn), out var column))
                    columns[(x, turn)] = column = new double?[Series.Length];
                column[s] = double.IsFinite(y) && (!LogY || y > 0) ? y : null;
            }
        }
        return (
            [.. columns.Keys.Select(k => (double?)Digits.Rounded(k.X))],
            [
                .. Enumerable
                    .Range(0, Series.Length)
                    .Select(s => columns.Values.Select(c => c[s] is { } y ? (double?)Digits.Rounded(y) : null).ToArray()),
            ]
        );
    }
}
