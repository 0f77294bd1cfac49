using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Shows how numbers are spread: the weights of each layer, or numbers of one's own. Beside each histogram stand its mean and deviation, and how many are
/// exactly 0. <see cref="LayerHistograms"/> shows activations and gradients.
/// </summary>
/// <example><code>
/// new Histograms(state);                                                   // every weight array
/// new Histograms("Features", () => [("hog", hog.ToDoubles()), ("hue", hue.ToDoubles())]);
/// </code></example>
public sealed class Histograms : Section
{
    readonly Func<IEnumerable<(string Name, double[] Values)>> _numbers;

    /// <summary>Shows the weights of each layer: the parameters whose name ends in ".w".</summary>
    public Histograms(ModelState state)
        : this("Weights", () => WeightsOf(state)) => ArgumentNullException.ThrowIfNull(state);

    /// <summary>Shows numbers of one's own, asked for whenever the section is rendered.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="numbers">Gives the numbers and what they are called, in the order to be shown.</param>
    public Histograms(string title, Func<IEnumerable<(string Name, double[] Values)>> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        (Title, _numbers) = (title, numbers);
    }

    /// <inheritdoc/>
    public override string Title { get; }

    /// <inheritdoc/>
    public override Markup Render(Page page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var all = _numbers().Select(n => Spread.Of(n.Name, n.Values)).ToArray();
        return all.Length == 0
            ? Markup.Of($"<p>There is nothing to count.</p>")
            : Markup.Of(
                $"""
                <div class="charts small">{all.Select(h => page.Draw(h.ToChart()))}</div>
                <div class="scroll whole"><table><thead><tr><th></th><th>mean</th><th>deviation</th><th>from</th><th>to</th><th>zeros</th>{(
                    all.Any(h => h.NotFinite > 0) ? Markup.Of($"<th>not finite</th>") : default
                )}</tr></thead>
                <tbody>{all.Select(h => Row(h, all.Any(o => o.NotFinite > 0)))}</tbody></table></div>
                """
            );
    }

    static Markup Row(Spread h, bool notFinite) =>
        Markup.Of(
            $"<tr><th>{h.Name}</th><td>{Digits.Short(h.Mean)}</td><td>{Digits.Short(h.Deviation)}</td><td>{Digits.Short(h.Low)}</td><td>{Digits.Short(h.High)}</td><td>{Digits.Percent(h.Zeros)}</td>{(notFinite ? Markup.Of($"<td>{Digits.Percent(h.NotFinite)}</td>") : default)}</tr>\n"
        );

    static IEnumerable<(string, double[])> WeightsOf(ModelState state) =>
        state
            .Names.Where(n => n.EndsWith(".w", StringComparison.Ordinal) && state[n].DType is DType.F32 or DType.F64)
            .Select(n => (n, state[n].ToDoubles()));
}
