using System.Globalization;
using System.Text;

namespace Cv.Dsl;

/// <summary>Prints summaries.</summary>
static class SummaryText
{
    public static string Of(Summary summary)
    {
        string[][] rows =
        [
            ["layer", "output", "parameters", "FLOPs", "memory", "shared"],
            .. summary.Layers.Select(l =>
                (string[])[l.Name, l.Output.ToString(), Whole(l.Parameters), Thousands(l.Operations), Bytes(l.Bytes), l.Shared]
            ),
            ["total", "", Whole(summary.Parameters), Thousands(summary.Operations), Bytes(summary.ActivationBytes), ""],
        ];
        // most models share nothing
        if (summary.Layers.All(l => l.Shared.Length == 0))
            rows = [.. rows.Select(row => row[..^1])];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        string rule = new('─', widths.Sum() + 2 * (widths.Length - 1));
        var text = new StringBuilder();
        for (int i = 0; i < rows.Length; i++)
        {
            if (i == 1 || i == rows.Length - 1)
                text.Append(rule).Append('\n');
            text.Append(Line(rows[i], widths)).Append('\n');
        }
        return text.Append(
                CultureInfo.InvariantCulture,
                $"FLOPs: of one example, forward; a multiply-add is two. Memory: what the layers make of a batch of {summary.Batch}; parameters take {Bytes(summary.ParameterBytes)}."
            )
            .ToString();
    }

    // words to the left, numbers to the right
    static string Line(string[] row, int[] widths) =>
        string.Join("  ", row.Select((cell, i) => i is >= 2 and <= 4 ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd();

    static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    static string Thousands(long number) => Scaled(number, 1000, ["", " K", " M", " G", " T"]);

    static string Bytes(long number) => Scaled(number, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);

    static string Scaled(long number, int step, string[] units)
    {
        double value = number;
        int unit = 0;
        // by what is printed: 999,950 is 1.0 M
        for (; unit < units.Length - 1 && Math.Round(value, unit == 0 ? 0 : 1) >= step; unit++)
            value /= step;
        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + units[unit];
    }
}
