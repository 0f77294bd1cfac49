namespace Cv.Reporting;

/// <summary>
/// Is a part of a page under a heading of its own. A section reads its data when it is rendered, not when it is made, so that a live page shows the
/// parameters as they are by then; it is rendered on the thread that trains, between two steps. One of your own overrides two members.
/// </summary>
/// <example><code>
/// sealed class Seeds(IReadOnlyList&lt;ulong&gt; seeds) : Section
/// {
///     public override string Title => "Seeds";
///     public override Markup Render(Page page) => Markup.Of($"&lt;p&gt;{string.Join(", ", seeds)}&lt;/p&gt;");
/// }
/// </code></example>
public abstract class Section
{
    /// <summary>Gives the heading.</summary>
    public abstract string Title { get; }

    /// <summary>Writes the section's content from what the data are now.</summary>
    /// <param name="page">Draws charts for the section.</param>
    public abstract Markup Render(Page page);
}
