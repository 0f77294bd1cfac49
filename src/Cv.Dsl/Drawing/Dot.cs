using System.Globalization;
using System.Text;

namespace Cv.Dsl;

/// <summary>Writes a drawing in Graphviz's language.</summary>
static class Dot
{
    public static string Of(Drawing drawing)
    {
        var text = new StringBuilder(
            "digraph {\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=10];\n"
        );
        text.Append("  edge [fontname=\"Helvetica\", fontsize=9, color=gray40];\n");
        foreach (var box in drawing.Boxes)
            text.Append(
                CultureInfo.InvariantCulture,
                $"  {box.Id} [label=\"{string.Join("\\n", box.Lines.Select(Escaped))}\"{Look(box.Kind)}{(box.IsResult ? ", peripheries=2" : "")}];\n"
            );
        foreach (var (from, to, place) in drawing.Arrows)
            text.Append(CultureInfo.InvariantCulture, $"  {from} -> {to}{(place is null ? "" : $" [label=\"{place}\"]")};\n");
        return text.Append("}\n").ToString();
    }

    static string Look(BoxKind kind) =>
        kind switch
        {
            BoxKind.Input => ", shape=ellipse, fillcolor=lightblue",
            BoxKind.Memory => ", style=filled, fillcolor=lightyellow",
            BoxKind.Constant => ", shape=plaintext",
            BoxKind.Derived => ", style=\"rounded,filled,dashed\", fillcolor=mistyrose",
            BoxKind.End => ", shape=note, style=filled, fillcolor=gray92",
            _ => "",
        };

    static string Escaped(string line)
    {
        var text = new StringBuilder(line.Length);
        foreach (char c in line)
            text.Append(
                c is '"' or '\\' ? $"\\{c}"
                : char.IsControl(c) ? " "
                : $"{c}"
            );
        return text.ToString();
    }
}
