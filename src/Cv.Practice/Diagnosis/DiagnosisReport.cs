using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cv.Dsl;
using Cv.Testing;

namespace Cv.Practice;

/// <summary>Holds what a diagnosis found.</summary>
/// <param name="Findings">What each check saw, in the order they were made.</param>
/// <param name="First">The layers before training.</param>
/// <param name="After">The layers after <see cref="DiagnosisOptions.Steps"/> steps.</param>
/// <param name="Updates">How far a step moves each weight.</param>
/// <param name="Rates">The learning-rate range test; null where the optimiser takes no rate.</param>
/// <example><code>
/// var report = Diagnose.Run(model, Verbs.SoftmaxCrossEntropy, batches);
/// Console.WriteLine(report);
/// if (report.Verdict == Verdict.Fail) return 1;
/// </code></example>
public sealed record DiagnosisReport(
    ImmutableArray<Finding> Findings,
    ImmutableArray<LayerFigures> First,
    ImmutableArray<LayerFigures> After,
    ImmutableArray<UpdateRatio> Updates,
    RateRange? Rates
)
{
    /// <summary>Gives the worst verdict of all checks.</summary>
    public Verdict Verdict => Findings.Max(f => f.Verdict);

    /// <summary>Gives the finding of a check.</summary>
    /// <example><code>report["first loss"].Verdict</code></example>
    /// <exception cref="KeyNotFoundException">There was no such check.</exception>
    public Finding this[string check] =>
        Findings.FirstOrDefault(f => f.Check == check)
        ?? throw new KeyNotFoundException(
            $"diagnosis: a check must be one of the report's; got \"{ErrorText.Name(check)}\". There are {ErrorText.List(Findings.Select(f => f.Check))}."
        );

    /// <summary>Prints the findings, with what to do under each that did not pass, and the layers.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        int width = Findings.Max(f => f.Check.Length);
        foreach (var finding in Findings)
        {
            text.Append($"{Finding.Word(finding.Verdict), -12}  {finding.Check.PadRight(width)}  {finding.Found}\n");
            if (finding.Advice.Length > 0)
                text.Append($"{new string(' ', width + 16)}{finding.Advice}\n");
        }
        Append(text, "at first", First);
        Append(text, "after some steps", After);
        return text.ToString();
    }

    static void Append(StringBuilder text, string when, ImmutableArray<LayerFigures> layers)
    {
        int name = layers.Select(l => l.Name.Length).Append(when.Length).Max(),
            bars = layers.Select(l => l.Activations.Bars.Length).Append(0).Max();
        text.Append(
            CultureInfo.InvariantCulture,
            $"\n{when.PadRight(name)}  {"dead", 6} of units   {"mean", 9} ± {"deviation", -9}  {"activations".PadRight(bars + 20)}  gradients\n"
        );
        foreach (var l in layers)
            text.Append(
                CultureInfo.InvariantCulture,
                $"{l.Name.PadRight(name)}  {l.Dead, 6} of {l.Units, -6}  {Diagnose.Figure(l.Mean), 9} ± {Diagnose.Figure(l.Deviation), -9}  {Bars(l.Activations)}  {Bars(l.Gradients)}\n"
            );
    }

    static string Bars(Histogram h) => $"{Diagnose.Figure(h.Low), 9} {h.Bars} {Diagnose.Figure(h.High), -9}";
}
