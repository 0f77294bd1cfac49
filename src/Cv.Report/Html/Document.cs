using System.Security.Cryptography;
using System.Text;

namespace Cv.Reporting;

/// <summary>Puts a page's parts into one HTML document.</summary>
static class Document
{
    static readonly string Script = ChartLibrary.Resource("page.js").Trim();
    static readonly string Style = ChartLibrary.Resource("page.css").Trim();

    /// <summary>Writes a whole page, which needs nothing from outside itself.</summary>
    /// <param name="library">What charts are drawn with, if it is there.</param>
    /// <param name="title">The heading.</param>
    /// <param name="parts">What stands in it, each in an element that a live page can replace.</param>
    /// <param name="live">Says whether the page listens to the server that gave it.</param>
    public static string Write(ChartLibrary library, string title, IEnumerable<Markup> parts, bool live)
    {
        string[] scripts = library.IsThere ? [library.Script, Script] : [Script];
        // scripts by their digests alone, images from the page itself, and from elsewhere nothing
        string policy =
            $"default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src {(live ? "'self'" : "'none'")}; base-uri 'none'; form-action 'none'; script-src "
            + string.Join(' ', scripts.Select(s => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(s)))}'"));
        return Markup
            .Of(
                $"""
                <!doctype html>
                <html lang="en"{Markup.Trusted(live ? " data-live" : "")}>
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="{policy}">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <link rel="icon" href="data:,">
                <title>{title}</title>
                <style>{Markup.Trusted(library.Style)}
                {Markup.Trusted(Style)}</style>
                </head>
                <body>
                <header><h1>{title}</h1></header>
                {Notice(library)}
                <main>
                {parts.Select((part, i) => Markup.Of($"<section id=\"part-{i}\">{part}</section>\n"))}</main>
                {Footer(library, live)}
                {scripts.Select(s => Markup.Trusted($"<script>{s}</script>\n"))}</body>
                </html>

                """
            )
            .ToString();
    }

    static Markup Notice(ChartLibrary library) =>
        library.IsThere
            ? Markup.Of($"<noscript><p class=\"notice\">Charts need JavaScript; their numbers stand under each.</p></noscript>")
            : Markup.Of($"<p class=\"notice\">{ChartLibrary.MissingText}</p>");

    static Markup Footer(ChartLibrary library, bool live) =>
        Markup.Of(
            $"""<footer>{(live ? Markup.Of($"<p id=\"connection\">live</p>") : default)}<p>Written by CvDsl.</p>{(library.IsThere ? Markup.Of($"<details><summary>Charts by uPlot</summary><pre>{library.Licence}</pre></details>") : default)}</footer>"""
        );
}
