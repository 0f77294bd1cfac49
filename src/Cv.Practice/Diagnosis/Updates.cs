using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

/// <summary>Tells how far a step moves a weight.</summary>
/// <param name="Weight">The weight's name.</param>
/// <param name="Ratio">The norm of the update over the norm of the weight, the median of the second half of the steps: weights that begin near 0 grow into their size first.</param>
public sealed record UpdateRatio(string Weight, double Ratio)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(UpdateRatio), PrintMembers);
}

public static partial class Diagnose
{
    /// <summary>
    /// Trains some steps, <see cref="DiagnosisOptions.Steps"/>, and compares the norm of each weight's update with the norm of the weight: about 1e-3 is right. Passes between 3e-5 and 3e-2;
    /// fails below 1e-5 and above 1e-1.
    /// </summary>
    /// <remarks>CS231n notes, "Ratio of weights:updates". Biases begin at 0, so their ratio says nothing.</remarks>
    /// <example><code>Finding finding = Diagnose.Updates(model, Verbs.SoftmaxCrossEntropy, batches, new() { Rate = 0.1 });</code></example>
    /// <exception cref="GraphException">The loss is not a scalar, or an option is out of range.</exception>
    /// <exception cref="BindingException">The batches do not fit the model.</exception>
    public static Finding Updates(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        using var state = patient.Initialise();
        return JudgeUpdates(Ratios(patient, state));
    }

    /// <summary>Trains the state, and gives the ratio of each weight.</summary>
    static ImmutableArray<UpdateRatio> Ratios(Patient patient, ModelState state)
    {
        var weights = patient.Model.Weights;
        var ids = weights.Select(w => ((Named)w.Op).Id).ToList();
        // what a weight was is an input, what it is stays a parameter
        var ratio = Compile.Function(
            new Graph([
                .. weights.Select(
                    (w, i) =>
                        Norm(w - Expr.Input($"before/{ids[i]}", w.Shape, w.DType)) / Norm(Expr.Input($"before/{ids[i]}", w.Shape, w.DType))
                ),
            ]),
            patient.Options.Compile
        );
        var before = ids.Select(id => new Binding($"before/{id}", state[id].Clone())).ToArray();
        var all = ids.Select(_ => new List<double>()).ToList();
        for (int step = 0; step < patient.Options.Steps; step++)
        {
            foreach (var (id, was) in ids.Zip(before))
                was.Value.CopyFrom(state[id]);
            patient.Step(patient.Program, state, patient.BatchOf(step), patient.Options.Rate);
            double[] ratios = ratio.Call(state, before).Scalars();
            for (int i = 0; i < ids.Count; i++)
                all[i].Add(ratios[i]);
        }
        foreach (var was in before)
            was.Value.Dispose();
        return [.. ids.Select((id, i) => new UpdateRatio(id, Typical(all[i])))];
    }

    static Finding JudgeUpdates(ImmutableArray<UpdateRatio> ratios)
    {
        const string check = "updates";
        if (ratios.IsEmpty)
            return new(check, Verdict.Inconclusive, "the model has no parameter whose name ends in \".w\"", "Name weights so.");
        string found =
            $"{string.Join(", ", ratios.Select(r => $"{r.Weight} {Figure(r.Ratio)}"))} of the weight in a step; about 1e-3 is right";
        double Decades(double ratio) =>
            double.IsFinite(ratio) ? Math.Abs(Math.Log10(Math.Max(ratio, 1e-300)) + 3) : double.PositiveInfinity;
        var worst = ratios.MaxBy(r => Decades(r.Ratio))!;
        string advice =
            worst.Ratio < 1e-3
                ? $"{worst.Weight} hardly moves: raise the learning rate, or find what its gradient is lost in."
                : $"{worst.Weight} moves too far in a step: lower the learning rate, or draw larger first weights.";
        return Decades(worst.Ratio) switch
        {
            > 2 => new(check, Verdict.Fail, found, advice),
            > 1.5 => new(check, Verdict.Inconclusive, found, advice),
            _ => new(check, Verdict.Pass, found),
        };
    }

    static Expr Norm(Expr w) => w.Pow(2).Sum().Sqrt();

    /// <summary>Gives the median of the second half; where nothing moves any more, the largest of all: that step was too far for the rest.</summary>
    static double Typical(List<double> ratios)
    {
        double[] late = [.. ratios.Skip(ratios.Count / 2).Order()];
        return late[late.Length / 2] is var median && median != 0 ? median : ratios.Max();
    }
}
