using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

public static partial class Diagnose
{
    /// <summary>
    /// Compares the loss before the first step, without its penalty, with what a model that prefers no class must have: ln C for the softmax, C - 1 for the multiclass SVM,
    /// or <see cref="DiagnosisOptions.FirstLoss"/>. Passes within a tenth of it; fails at twice it and above, at a loss that is not finite, and if the loss of equal
    /// scores is not the theory's. In nats, or what the loss is in.
    /// </summary>
    /// <remarks>CS231n notes, "Before learning: sanity checks".</remarks>
    /// <example><code>Finding finding = Diagnose.FirstLoss(model, Verbs.SoftmaxCrossEntropy, batches);</code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or an option is out of range.</exception>
    /// <exception cref="BindingException">The batches do not fit the model.</exception>
    public static Finding FirstLoss(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        return FirstLoss(patient);
    }

    static Finding FirstLoss(Patient patient)
    {
        const string check = "first loss";
        var batch = patient.Examples(patient.Options.Probe);
        using var state = patient.Initialise();
        double first = Patient.Scalars(patient.InTraining(patient.Data), state, batch)[0];
        double equal = OfEqualScores(patient, batch);
        int classes = patient.Model.Output.Shape.Dims[^1].Value;
        var (theory, name) = Theory(patient.Options.FirstLoss, equal, classes);
        string found = $"{Figure(first)}; {name} gives {Figure(theory)}";
        if (!double.IsFinite(first))
            return new(check, Verdict.Fail, found, "Look for a division by zero or a logarithm of zero in the loss, and at the data.");
        if (Math.Abs(equal - theory) > 0.01 * Math.Max(theory, 1e-3))
            return new(
                check,
                Verdict.Fail,
                $"scores that are all equal have a loss of {Figure(equal)}; {name} gives {Figure(theory)}",
                "The loss is not what it is taken for: is it a mean over the batch, and over the right classes?"
            );
        double distance = Math.Abs(first - theory) / Math.Max(theory, 1e-3);
        return distance switch
        {
            > 1 => new(
                check,
                Verdict.Fail,
                found,
                "The first weights are too large, or the data is not scaled: the scores begin far apart."
            ),
            > 0.1 => new(
                check,
                Verdict.Inconclusive,
                found,
                "The scores do not begin near each other: draw the last layer's weights smaller (Initialiser.SmallRandom), or scale the data."
            ),
            _ when name.StartsWith("the loss", StringComparison.Ordinal) => new(
                check,
                Verdict.Inconclusive,
                found,
                $"That is neither ln C nor C - 1 for C = {classes}: say what theory gives for this loss (DiagnosisOptions.FirstLoss)."
            ),
            _ => new(check, Verdict.Pass, found),
        };
    }

    /// <summary>Gives the loss of scores that are all 0.</summary>
    static double OfEqualScores(Patient patient, Batch batch)
    {
        var scores = Expr.Input("scores", patient.Model.Output.Shape, patient.Model.Output.DType);
        var function = Compile.Function(new Graph(patient.LossOf(scores)), patient.Options.Compile);
        using var zeros = Tensor.Zeros(scores.Shape.With(0, batch.Count), scores.DType);
        return function.Call(new Binding("scores", zeros), new Binding(Training.Labels, batch.Labels)).Scalars()[0];
    }

    static (double Loss, string Name) Theory(double? given, double equal, int classes) =>
        given is { } theory ? (theory, "theory")
        : Near(equal, Math.Log(classes)) ? (Math.Log(classes), $"ln {classes}")
        : Near(equal, classes - 1) ? (classes - 1, $"C - 1 for {classes} classes")
        : (equal, "the loss of equal scores");

    static bool Near(double a, double b) => Math.Abs(a - b) <= 1e-4 * Math.Max(1, Math.Abs(b));
}
