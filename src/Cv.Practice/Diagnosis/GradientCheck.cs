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
    /// <remarks>
    /// CS231n notes, "Gradient checks". Loss and gradient are compiled, as in training but in f64, and an element passes whose relative error is at most 1e-5. Where one does
    /// not, its parameter is checked node by node, as stands at <see cref="Check.Gradient(Expr, Point, CheckOptions?)"/>.
    /// </remarks>
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
        const double right = 1e-5;
        var options = patient.Options;
        var batch = patient.Examples(options.GradientExamples);
        using var state = patient.Initialise();
        using var probe = new GradientProbe(patient, state, batch);
        var compared = probe.Compare(options.GradientElements, options.Seed);
        var worst = compared.MaxBy(d => double.IsNaN(d.Error) ? double.PositiveInfinity : d.Error);
        string found =
            $"{compared.Length} elements against central differences; the worst, {worst.Parameter}[{worst.Index}], is {Figure(worst.Analytic)} against {Figure(worst.Numeric)}, relative error {worst.Error:G2}";
        if (worst.Error <= right)
            return new(check, Verdict.Pass, found);
        // what disagrees may be a kink, or wrong: a slower check can tell, and names the op
        var report = Check.Gradient(
            OnExamples(patient, state, batch, worst.Parameter),
            new Point((worst.Parameter, state[worst.Parameter].ToDoubles())),
            new CheckOptions { Seed = (int)(options.Seed & int.MaxValue) }
        );
        return report.Verdict switch
        {
            Verdict.Pass => new(
                check,
                Verdict.Inconclusive,
                found,
                $"The gradient by {worst.Parameter} is right where it can be judged: a kink is near, and another seed draws another point."
            ),
            Verdict.Fail => new(
                check,
                Verdict.Fail,
                found,
                report.Culprit is null ? "A derivative is wrong." : $"The derivative of {report.Culprit} is wrong."
            ),
            _ => new(
                check,
                Verdict.Inconclusive,
                $"{found} ({report.Worst?.Reason})",
                "Kinks near the point hide the derivative: another seed draws another point."
            ),
        };
    }

    /// <summary>Puts examples in the place of the inputs, and their numbers in that of all parameters and states but one, which is left to differentiate by.</summary>
    static Expr OnExamples(Patient patient, ModelState state, Batch batch, string parameter)
    {
        var total = new Graph(patient.Total).ForTraining().Outputs[0].Bind(patient.Sized(batch));
        var numbers = batch.Inputs().ToDictionary(b => b.Name, b => b.Value, StringComparer.Ordinal);
        return total.Substitute(
            Expr.Nodes(total)
                .Where(e => e.Op is Named named && named.Id != parameter)
                .ToDictionary(
                    e => e,
                    e =>
                        Expr.Literal(
                            e.Shape,
                            (numbers.TryGetValue(((Named)e.Op).Id, out var bound) ? bound : state[((Named)e.Op).Id]).ToDoubles(),
                            e.DType
                        )
                )
        );
    }
}
