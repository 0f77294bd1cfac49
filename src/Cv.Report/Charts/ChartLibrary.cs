using System.Reflection;

namespace Cv.Reporting;

/// <summary>
/// Holds the files that a page is made of: its own script and style, and the plotting library that the build restored from npm, uPlot by Leon
/// Sorokin (MIT). On a machine without npm the library is missing, and pages show tables.
/// </summary>
/// <param name="Script">The library's script; empty when it is missing.</param>
/// <param name="Style">The library's style sheet.</param>
/// <param name="Licence">The library's licence, which every page that holds the library shows.</param>
sealed record ChartLibrary(string Script, string Style, string Licence)
{
    /// <summary>Says what is missing, and how to get it.</summary>
    public const string MissingText =
        "Charts are missing: the build found no npm, or no network, to restore the plotting library. The tables below hold their numbers. Install npm, build again, and they are drawn.";

    /// <summary>Gives what the build embedded.</summary>
    public static ChartLibrary Embedded { get; } =
        new(Resource("charts.js").Trim(), Resource("charts.css").Trim(), Resource("charts.licence").Trim());

    /// <summary>Gives what a build without npm embeds: nothing.</summary>
    public static ChartLibrary Missing { get; } = new("", "", "");

    /// <summary>Tells whether the library is there.</summary>
    public bool IsThere => Script.Length > 0;

    /// <summary>Reads an embedded text.</summary>
    public static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
