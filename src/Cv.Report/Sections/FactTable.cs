using System.Collections.Immutable;

namespace Cv.Reporting;

/// <summary>Shows a table of one's own, such as published figures beside those that were reached.</summary>
/// <param name="title">The heading.</param>
/// <param name="columns">The columns' names.</param>
/// <param name="rows">Gives the rows whenever the section is rendered; numbers are written in the invariant culture.</param>
/// <example><code>new FactTable("Results", ["lesson", "published", "reached"], () => [["softmax", "0.39", "0.41"]])</code></example>
public sealed class FactTable(string title, ImmutableArray<string> columns, Func<IEnumerable<IEnumerable<object?>>> rows) : Section
{
    /// <inheritdoc/>
    public override string Title => title;

    /// <inheritdoc/>
    public override Markup Render(Page page) =>
        Markup.Of(
            $"""
            <div class="scroll whole"><table><thead><tr>{columns.Select(c => Markup.Of($"<th>{c}</th>"))}</tr></thead>
            <tbody>{rows().Select(row =>
                Markup.Of($"<tr>{row.Select(cell => Markup.Of($"<td>{cell}</td>"))}</tr>\n")
            )}</tbody></table></div>
            """
        );
}
