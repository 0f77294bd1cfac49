using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

public static partial class Diagnose
{
    /// <summary>
    /// Compares the gradient of the loss, penalty included, by some elements of each parameter with central differences, in f64, on a few examples of the data; names
    /// the op whose derivative is wrong.
    /// </summary>
    /// <remarks>CS231n notes, "Gradient checks"; how it judges stands at <see cref="Check.Gradient(Expr, Point, CheckOptions?)"/>.</remarks>
    /// <example><code>Finding finding = Diagnose.GradientCheck(model, Verbs.SoftmaxCrossEntropy, batches);</code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or an option is out of range.</exception>
    public static Finding GradientCheck(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        return GradientCheck(patient);
    }

    static Finding GradientCheck(Patient patient)
    {
        const string check = "gradient";
        var options = patient.Options;
        var (loss, at) = (OnExamples(patient, patient.Examples(options.GradientExamples)), Point(patient));
        var settings = new CheckOptions { Elements = options.GradientElements, Seed = (int)(options.Seed & int.MaxValue) };
        var report = Check.Gradient(loss, at, settings);
        if (report is { Verdict: Verdict.Fail, Culprit: null })
            report = Check.Gradient(loss, at, settings with { Elements = 64 }); // too few elements to see which op it is
        if (report.Worst is not { } worst)
            return new(check, Verdict.Inconclusive, "nothing to compare", "The loss has no parameters.");
        string found =
            $"{report.Checked} elements against central differences; the worst, {worst.Place}, is {Figure(worst.Analytic)} against {Figure(worst.Numeric)}, relative error {worst.Error:G2}";
        return report.Verdict switch
        {
            Verdict.Pass => new(check, Verdict.Pass, found),
            Verdict.Fail => new(
                check,
                Verdict.Fail,
                found,
                report.Culprit is null ? "A derivative is wrong." : $"The derivative of {report.Culprit} is wrong."
            ),
            _ => new(
                check,
                Verdict.Inconclusive,
                $"{found} ({worst.Reason})",
                "Kinks near the point hide the derivative: another seed draws another point."
            ),
        };
    }

    /// <summary>Puts examples in the place of the inputs, so that parameters alone are left to differentiate by.</summary>
    static Expr OnExamples(Patient patient, Batch batch)
    {
        var binding = patient.Sized(batch);
        var total = new Graph(patient.Total).ForTraining().Outputs[0].Bind(binding);
        return total.Substitute(
            new Dictionary<Expr, Expr>
            {
                [patient.Model.Source.Bind(binding)] = Expr.Literal(batch.X.Shape, batch.X.ToDoubles(), patient.Model.Source.DType),
                [patient.Labels.Bind(binding)] = Expr.Literal(batch.Labels.Shape, batch.Labels.ToDoubles(), DType.I32),
            }
        );
    }

    static Point Point(Patient patient)
    {
        using var state = patient.Initialise();
        return new Point(state.Names.ToDictionary(name => name, name => state[name].ToDoubles(), StringComparer.Ordinal));
    }
}
