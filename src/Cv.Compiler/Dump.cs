using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Prints graphs as text: <c>%2 : f32[64] = mul %0 %1</c>, one node a line, in order of evaluation.</summary>
public static class Dump
{
    /// <summary>Prints a graph; with lines, each node's origin stands behind it: <c># Net.cs:12, in the gradient of exp</c>.</summary>
    public static string Text(Graph graph, bool withLines = false)
    {
        var names = Names(graph.Nodes);
        var text = new StringBuilder();
        foreach (var e in graph.Nodes)
            if (e.Op is not Const)
            {
                text.Append(CultureInfo.InvariantCulture, $"{names[e]} : {e.Type} = {e.Op.Name}{e.Op.Attributes}{Operands(e, names)}");
                if (withLines && e.Origin is { } origin)
                    text.Append("   # ").Append(origin);
                text.Append('\n');
            }
        foreach (var (target, value) in graph.Updates)
            text.Append(CultureInfo.InvariantCulture, $"update \"{((Named)target.Op).Id}\" {names[value]}\n");
        text.Append("return ").AppendJoin(", ", graph.Outputs.Select(o => names[o])).Append('\n');
        foreach (var e in graph.Nodes.Where(e => e.Op is Closure))
        {
            text.Append(CultureInfo.InvariantCulture, $"body of {names[e]}\n");
            foreach (string line in Text(new Graph(((Closure)e.Op).Body.Results)).TrimEnd('\n').Split('\n'))
                text.Append("  ").Append(line).Append('\n');
        }
        return text.ToString();
    }

    internal static Dictionary<Expr, string> Names(IEnumerable<Expr> nodes)
    {
        var names = new Dictionary<Expr, string>();
        int count = 0;
        foreach (var e in nodes)
            names[e] = e.Op is Const c ? c.Attributes.Trim() : $"%{count++}";
        return names;
    }

    internal static string Operands(Expr e, Dictionary<Expr, string> names) => string.Concat(e.Operands.Select(o => " " + names[o]));
}
