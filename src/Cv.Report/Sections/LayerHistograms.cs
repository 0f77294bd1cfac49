using System.Collections.Immutable;
using Cv.Practice;

namespace Cv.Reporting;

/// <summary>
/// Shows what each layer gives on a batch, and the loss's gradient by it: histograms side by side, then dead units and figures. Activations that narrow from
/// layer to layer tell of an initialisation that is too small (CS231n notes, "Activation / gradient distributions per layer").
/// </summary>
/// <param name="layers">Looks at the layers whenever the section is rendered: <see cref="Diagnose"/> does it.</param>
/// <example><code>new LayerHistograms(() => Diagnose.Layers(model, Verbs.SoftmaxCrossEntropy, state, batches.Get(0, 0)))</code></example>
public sealed class LayerHistograms(Func<ImmutableArray<LayerFigures>> layers) : Section
{
    /// <inheritdoc/>
    public override string Title => "Layers";

    /// <inheritdoc/>
    public override Markup Render(Page page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var all = layers();
        var charts = all.SelectMany(l =>
            (Chart[])[ChartOf($"{l.Name}: activations", l.Activations), ChartOf($"{l.Name}: gradients", l.Gradients)]
        );
        return Markup.Of(
            $"""
            {page.Draw(charts)}
            <div class="scroll whole"><table><thead><tr><th></th><th>dead</th><th>units</th><th>saturated</th><th>mean</th><th>deviation</th><th>gradient's norm</th></tr></thead>
            <tbody>{all.Select(Row)}</tbody></table></div>
            """
        );
    }

    static Chart ChartOf(string title, Histogram h) => Spread.Bars(title, h.Low, h.High, h.Counts);

    static Markup Row(LayerFigures l) =>
        Markup.Of(
            $"<tr><th>{l.Name}</th><td>{l.Dead}</td><td>{l.Units}</td><td>{Digits.Percent(l.Saturated)}</td><td>{Digits.Short(l.Mean)}</td><td>{Digits.Short(l.Deviation)}</td><td>{Digits.Short(l.GradientNorm)}</td></tr>\n"
        );
}
