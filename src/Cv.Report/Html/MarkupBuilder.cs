using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Cv.Reporting;

/// <summary>Builds markup from an interpolated string; the compiler calls it. Literal text is kept as it is, and each hole is escaped.</summary>
/// <example><code>Markup bold = Markup.Of($"&lt;b&gt;{name}&lt;/b&gt;");</code></example>
[InterpolatedStringHandler]
public readonly ref struct MarkupBuilder
{
    readonly StringBuilder _html;

    /// <summary>Starts with nothing.</summary>
    public MarkupBuilder(int literalLength, int formattedCount) => _html = new(literalLength + 16 * formattedCount);

    /// <summary>Appends text of the program: markup.</summary>
    public void AppendLiteral(string value) => _html.Append(value);

    /// <summary>Appends markup.</summary>
    public void AppendFormatted(Markup value) => _html.Append(value);

    /// <summary>Appends pieces of markup, one after another.</summary>
    public void AppendFormatted(IEnumerable<Markup> pieces)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        foreach (var piece in pieces)
            _html.Append(piece);
    }

    /// <summary>Appends data, escaped; numbers in the invariant culture.</summary>
    public void AppendFormatted<T>(T value) => AppendFormatted(value, null);

    /// <summary>Appends data in a format, escaped; numbers in the invariant culture.</summary>
    public void AppendFormatted<T>(T value, string? format)
    {
        if (value is IEnumerable<Markup> pieces)
        {
            AppendFormatted(pieces);
            return;
        }
        string? text = value is IFormattable number ? number.ToString(format, CultureInfo.InvariantCulture) : value?.ToString();
        _html.Append(WebUtility.HtmlEncode(text));
    }

    /// <summary>Gives the HTML.</summary>
    public override string ToString() => _html.ToString();
}
