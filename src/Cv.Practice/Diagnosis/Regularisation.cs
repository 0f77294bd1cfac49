using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

public static partial class Diagnose
{
    /// <summary>
    /// Checks that the first loss rises with the penalty, and further with ten times it. Fails where it does not: no weight is penalised, or with the wrong sign.
    /// Without a penalty among the options, 1e-3 w^2 is tried.
    /// </summary>
    /// <remarks>CS231n notes, "Before learning: sanity checks": the second.</remarks>
    /// <example><code>Finding finding = Diagnose.Regularisation(model, Verbs.MulticlassSvm, batches, new() { Penalty = w => 1e-4 * w.L2() });</code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or an option is out of range.</exception>
    /// <exception cref="BindingException">The batches do not fit the model.</exception>
    public static Finding Regularisation(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        return Regularisation(patient);
    }

    static Finding Regularisation(Patient patient)
    {
        const string check = "regularisation";
        if (patient.Model.Weights.IsEmpty)
            return new(
                check,
                Verdict.Fail,
                "the model has no parameter whose name ends in \".w\"",
                "Only those have a penalty: name weights so."
            );
        var penalty = patient.Penalty ?? patient.Model.Weights.Select(w => 1e-3 * w.L2()).Aggregate((a, b) => a + b);
        using var state = patient.Initialise();
        var batch = patient.Examples(patient.Options.Probe);
        var function = patient.InTraining(patient.Data, patient.Data + penalty, patient.Data + 10 * penalty, penalty);
        var losses = Patient.Scalars(function, state, batch);
        string found =
            $"{Figure(losses[0])}, {Figure(losses[1])} with {(patient.Penalty is null ? "1e-3 w^2" : "the penalty")}, {Figure(losses[2])} with ten times it";
        // a penalty may be less than the loss's last digit: ten times it must not be hidden by rounding, and it must be above 0 by itself
        bool rises = losses[3] > 0 && losses[1] >= losses[0] && losses[2] > losses[1];
        return !rises
                ? new(
                    check,
                    Verdict.Fail,
                    found,
                    "The penalty does not raise the loss: has it the right sign, and does it see weights that are not zero?"
                )
            : losses[3] > losses[0]
                ? new(
                    check,
                    Verdict.Inconclusive,
                    found,
                    "The penalty outweighs the data: training will shrink weights before it learns. Lower it."
                )
            : new(check, Verdict.Pass, found);
    }
}
