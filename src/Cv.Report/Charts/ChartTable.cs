namespace Cv.Reporting;

/// <summary>Writes a chart's numbers as a table: all of them, or as many rows as one reads, evenly spread.</summary>
static class ChartTable
{
    const int MostRows = 100;

    public static Markup Of(Chart chart)
    {
        var (xs, rows) = chart.Align();
        if (xs.Length == 0)
            return Markup.Of($"<p>no numbers yet</p>");
        string Value(double? y) =>
            y is not { } value ? ""
            : chart.Percent ? Digits.Percent(value)
            : Digits.Short(value);
        int shown = Math.Min(xs.Length, MostRows);
        var places = Enumerable.Range(0, shown).Select(i => shown == 1 ? 0 : (int)((long)i * (xs.Length - 1) / (shown - 1)));
        return Markup.Of(
            $"""
            <div class="scroll"><table{Markup.Trusted(chart.Percent ? " data-percent" : "")}><thead><tr><th>{chart.X}</th>{chart.Series.Select(s => Markup.Of($"<th>{s.Name}</th>"))}</tr></thead>
            <tbody>{places.Select(i =>
                Markup.Of($"<tr><td>{Value2(xs[i])}</td>{rows.Select(r => Markup.Of($"<td>{Value(r[i])}</td>"))}</tr>\n")
            )}</tbody></table></div>{(shown < xs.Length ? Markup.Of($"<p class=\"note\">{shown} of {xs.Length} rows.</p>") : default)}
            """
        );
    }

    static string Value2(double? x) => Digits.Short(x!.Value);
}
