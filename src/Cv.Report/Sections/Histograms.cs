using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Shows how numbers are spread, layer by layer: weights, activations or gradients. Activations that narrow from layer to layer tell of an initialisation
/// that is too small, and many exact zeros after a ReLU of dead units (CS231n notes, "Babysitting the learning process").
/// </summary>
/// <example><code>
/// new Histograms(state);                                        // every weight array
/// new Histograms("Activations", () => diagnosedHistograms);     // numbers of one's own
/// </code></example>
public sealed class Histograms : Section
{
    readonly Func<IEnumerable<Histogram>> _histograms;

    /// <summary>Shows the weights of each layer: the parameters whose name ends in ".w".</summary>
    public Histograms(ModelState state)
        : this("Weights", () => WeightsOf(state)) => ArgumentNullException.ThrowIfNull(state);

    /// <summary>Shows histograms of one's own, made anew whenever the section is rendered.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="histograms">Makes them, in the order of the layers.</param>
    public Histograms(string title, Func<IEnumerable<Histogram>> histograms)
    {
        ArgumentNullException.ThrowIfNull(histograms);
        (Title, _histograms) = (title, histograms);
    }

    /// <inheritdoc/>
    public override string Title { get; }

    /// <inheritdoc/>
    public override Markup Render(Page page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var all = _histograms().ToArray();
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

    static Markup Row(Histogram h, bool notFinite) =>
        Markup.Of(
            $"<tr><th>{h.Name}</th><td>{Digits.Short(h.Mean)}</td><td>{Digits.Short(h.Deviation)}</td><td>{Digits.Short(h.Low)}</td><td>{Digits.Short(h.High)}</td><td>{Digits.Percent(h.Zeros)}</td>{(notFinite ? Markup.Of($"<td>{Digits.Percent(h.NotFinite)}</td>") : default)}</tr>\n"
        );

    static IEnumerable<Histogram> WeightsOf(ModelState state) =>
        state
            .Names.Where(n => n.EndsWith(".w", StringComparison.Ordinal) && state[n].DType is DType.F32 or DType.F64)
            .Select(n => Histogram.Of(n, state[n].ToDoubles()));
}
