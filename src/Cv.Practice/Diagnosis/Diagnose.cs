using System.Globalization;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

/// <summary>Examines models by the checks of the CS231n notes ("Neural Networks Part 3"), each of which also stands alone.</summary>
public static partial class Diagnose
{
    /// <summary>
    /// Makes every check: first loss against theory, loss rises with regularisation, gradient, learns a few examples by heart, layers before and after some steps, size
    /// of the updates, and the learning rate by a range test.
    /// </summary>
    /// <param name="model">The model; its output is scores [N, classes].</param>
    /// <param name="loss">Gives the scalar loss from scores and labels i32[N].</param>
    /// <param name="batches">The training data, scaled and cut into batches as it will be trained on.</param>
    /// <param name="options">Says how the model is to be trained: optimiser, rate, penalty.</param>
    /// <example><code>
    /// var model = Model.Input(784).Dense(100).Relu().Dense(10);
    /// var report = Diagnose.Run(model, Verbs.SoftmaxCrossEntropy, batches, new() { Rate = 0.1, Penalty = w => 1e-4 * w.L2() });
    /// Console.WriteLine(report);
    /// </code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or does not depend on a parameter, or an option is out of range.</exception>
    /// <exception cref="BindingException">The batches do not fit the model.</exception>
    public static DiagnosisReport Run(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        var findings = new List<Finding> { FirstLoss(patient), Regularisation(patient), GradientCheck(patient), Overfit(patient) };
        using var state = patient.Initialise();
        var batch = patient.Examples(patient.Options.Probe);
        var probe = new LayerProbe(model, patient.Data, batch.Count, patient.Options.Bars, patient.Options.Compile);
        var first = probe.Look(state, batch);
        findings.AddRange(Judge(first, "at first"));
        var updates = Ratios(patient, state);
        findings.Add(JudgeUpdates(updates));
        var after = probe.Look(state, batch);
        findings.AddRange(Judge(after, "after some steps"));
        var rates = patient.TakesRate ? Rates(patient) : null;
        findings.Add(
            rates is null
                ? new(
                    "learning rate",
                    Verdict.Inconclusive,
                    "the optimiser does not take the rate it is given",
                    "Write Optimiser = rate => Optimiser.Momentum(rate), say."
                )
                : JudgeRate(patient, rates)
        );
        return new([.. findings], first, after, updates, rates);
    }

    /// <summary>Prints a number with three digits that count.</summary>
    internal static string Figure(double value) =>
        value.ToString(Math.Abs(value) is >= 1e5 or (< 1e-3 and > 0) ? "0.##E+0" : "G4", CultureInfo.InvariantCulture);
}
