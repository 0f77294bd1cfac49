namespace Cv.Dsl;

public sealed partial class Expr
{
    /// <summary>
    /// Draws the graph of this node in Graphviz's language: a box a node, with op, type and source line, constants in place. What a gradient made is
    /// dashed; the node itself has a double border.
    /// </summary>
    /// <param name="most">The nodes that are drawn, those nearest to this one; one box stands for the others.</param>
    /// <example><code>File.WriteAllText("loss.dot", loss.ToDot());   // dot -Tsvg loss.dot -o loss.svg</code></example>
    /// <exception cref="GraphException"><paramref name="most"/> is below 1.</exception>
    public string ToDot(int most = 2000) => Dot.Of(new([this], [], most));

    /// <summary>Draws the graph of this node in Mermaid's language, which Markdown pages show as a picture; otherwise as <see cref="ToDot"/> does.</summary>
    /// <param name="most">The nodes that are drawn, those nearest to this one; one box stands for the others. Mermaid itself refuses more than 500 arrows.</param>
    /// <example><code>Console.WriteLine($"```mermaid\n{loss.ToMermaid()}```");</code></example>
    /// <exception cref="GraphException"><paramref name="most"/> is below 1.</exception>
    public string ToMermaid(int most = 200) => Mermaid.Of(new([this], [], most));
}
