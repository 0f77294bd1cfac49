using System.Globalization;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

public static partial class Diagnose
{
    /// <summary>
    /// Trains on a few examples, 20 unless said otherwise, without the penalty, until the loss is under a hundredth of that of equal scores, and until
    /// <see cref="DiagnosisOptions.Metric"/>, if one is named, is 1; fails if that does not happen. A model that cannot learn by heart will learn nothing.
    /// </summary>
    /// <remarks>
    /// CS231n notes, "Before learning: sanity checks": the third. What a training step differs in, such as dropout, may keep its own loss from 0, so the loss outside of
    /// training counts as well.
    /// </remarks>
    /// <example><code>Finding finding = Diagnose.Overfit(model, Verbs.SoftmaxCrossEntropy, batches, new() { Rate = 0.05, Metric = Metric.Accuracy });</code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or an option is out of range.</exception>
    /// <exception cref="BindingException">The batches do not fit the model.</exception>
    public static Finding Overfit(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        return Overfit(patient);
    }

    static Finding Overfit(Patient patient)
    {
        const string check = "overfits a few";
        var options = patient.Options;
        var batch = patient.Examples(options.Examples);
        double enough = 0.01 * OfEqualScores(patient, batch);
        var program = options.Penalty is null ? patient.Program : patient.Compiled(penalty: null);
        using var state = program.Initialise(options.Seed);
        double loss = double.NaN,
            fraction = 1;
        for (int step = 1; step <= options.OverfitSteps; step++)
        {
            (loss, fraction) = patient.Step(program, state, batch, options.Rate);
            if (!double.IsFinite(loss))
                return new(
                    check,
                    Verdict.Fail,
                    $"the loss is {loss} at step {step}",
                    $"Lower the learning rate, {options.Rate}, or look at the loss."
                );
            if (!Learnt() && step % 25 == 0)
            {
                (loss, fraction) = Patient.Figures(program.Evaluate.Call(state, batch.Inputs()));
            }
            if (Learnt())
                return new(check, Verdict.Pass, $"{batch.Count} examples by heart after {step} steps, loss {Figure(loss)}");
        }
        string named = options.Metric is { } metric
            ? string.Create(CultureInfo.InvariantCulture, $"{metric.Name} {fraction:0.####}, ")
            : "";
        return new(
            check,
            Verdict.Fail,
            $"after {options.OverfitSteps} steps on {batch.Count} examples {named}loss {Figure(loss)}, which should be under {Figure(enough)}",
            options.Metric is not null && fraction == 1
                ? $"The {options.Metric.Name} is perfect and the loss still falls: raise the learning rate or OverfitSteps."
                : "Look at gradient, learning rate and labels before anything else: it must be able to learn these by heart."
        );

        bool Learnt() => fraction == 1 && loss <= enough;
    }
}
