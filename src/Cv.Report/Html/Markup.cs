using System.Net;
using System.Text.Json;

namespace Cv.Reporting;

/// <summary>
/// Holds a piece of HTML. It is written as an interpolated string whose literal text is markup and whose holes are data: what stands in a hole is
/// escaped, unless it is markup itself. So no name, label or message can become a tag or a script.
/// </summary>
/// <example><code>
/// Markup cell = Markup.Of($"&lt;td&gt;{"a &lt; b"}&lt;/td&gt;");      // &lt;td&gt;a &amp;lt; b&lt;/td&gt;
/// Markup row = Markup.Of($"&lt;tr&gt;{cell}{cell}&lt;/tr&gt;");
/// </code></example>
public readonly struct Markup
{
    readonly string? _html;

    Markup(string html) => _html = html;

    /// <summary>Gives no markup at all.</summary>
    public static Markup Empty => default;

    /// <summary>Makes markup of an interpolated string: its literal text as it is, its holes escaped.</summary>
    public static Markup Of(MarkupBuilder html) => new(html.ToString());

    /// <summary>Makes markup of plain text, escaped.</summary>
    public static Markup Text(string? text) => new(WebUtility.HtmlEncode(text) ?? "");

    /// <summary>Joins pieces, in their order.</summary>
    public static Markup Join(IEnumerable<Markup> pieces) => new(string.Concat(pieces));

    /// <summary>Puts pieces into an element without attributes; for languages whose interpolated strings are not C#'s.</summary>
    /// <exception cref="ArgumentException">The name is not made of letters and digits.</exception>
    /// <example><code>Markup.Element "p" [| Markup.Text "a &lt; b" |]</code></example>
    public static Markup Element(string name, params Markup[] content)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return name.All(char.IsAsciiLetterOrDigit)
            ? new($"<{name}>{Join(content)}</{name}>")
            : throw new ArgumentException(
                $"markup: an element's name must be letters and digits; got \"{name}\". Name one of HTML's.",
                nameof(name)
            );
    }

    /// <summary>Gives the HTML.</summary>
    public override string ToString() => _html ?? "";

    /// <summary>Makes markup of what is known to be markup: this library's own files.</summary>
    internal static Markup Trusted(string html) => new(html);

    /// <summary>Writes a value as a data block that a script reads; the serialiser writes every &lt; as \u003C.</summary>
    internal static Markup Json<T>(T value) =>
        new($"<script type=\"application/json\">{JsonSerializer.Serialize(value, Chart.JsonOptions)}</script>");
}
