using System.Globalization;
using System.Text;

namespace Cv.Dsl;

/// <summary>Writes a drawing in Mermaid's language, which Markdown pages show as a picture.</summary>
static class Mermaid
{
    public static string Of(Drawing drawing)
    {
        var text = new StringBuilder("flowchart TD\n");
        foreach (var box in drawing.Boxes)
        {
            var (open, close) =
                box.IsResult ? ("[[", "]]")
                : box.Kind is BoxKind.Input ? ("([", "])")
                : ("[", "]");
            string style = box.Kind == BoxKind.Operation ? "" : $":::{box.Kind.ToString().ToLowerInvariant()}Node";
            text.Append(
                CultureInfo.InvariantCulture,
                $"  {box.Id}{open}\"{string.Join("<br/>", box.Lines.Select(Escaped))}\"{close}{style}\n"
            );
        }
        foreach (var (from, to, place) in drawing.Arrows)
            text.Append(CultureInfo.InvariantCulture, $"  {from} -->{(place is null ? "" : $"|{place}|")} {to}\n");
        return text.Append("  classDef inputNode fill:#add8e6\n")
            .Append("  classDef memoryNode fill:#ffffe0\n")
            .Append("  classDef constantNode fill:none,stroke:none\n")
            .Append("  classDef derivedNode fill:#ffe4e1,stroke-dasharray:4 3\n")
            .Append("  classDef endNode fill:#ebebeb\n")
            .ToString();
    }

    /// <summary>Writes what Mermaid or HTML would read as its own by number: only letters, digits, and signs without a meaning stay.</summary>
    static string Escaped(string line)
    {
        var text = new StringBuilder(line.Length);
        foreach (char c in line)
            if (char.IsLetterOrDigit(c) || " ,.:;_-+=/()[]{}".Contains(c, StringComparison.Ordinal))
                text.Append(c);
            else if (char.IsControl(c))
                text.Append(' ');
            else
                text.Append(CultureInfo.InvariantCulture, $"#{(int)c};");
        return text.ToString();
    }
}
