using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

/// <summary>Tells what a learning-rate range test saw: a step at each rate, from the lowest up, until the loss burst.</summary>
/// <param name="Points">The rates, each with the smoothed loss before its step.</param>
/// <param name="Steepest">The rate at which the smoothed loss fell fastest, by the logarithm of the rate; null if it never fell.</param>
/// <param name="Lowest">The rate at which it was lowest.</param>
/// <param name="Diverged">The rate at which it burst: twice its first value, or back at half of that from a quarter of it, or not finite; null if it did not.</param>
/// <remarks>Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3.</remarks>
public sealed record RateRange(ImmutableArray<(double Rate, double Loss)> Points, double? Steepest, double Lowest, double? Diverged)
{
    /// <summary>Prints the rates that matter.</summary>
    public override string ToString() =>
        $"steepest at {Diagnose.Figure(Steepest ?? double.NaN)}, lowest loss at {Diagnose.Figure(Lowest)}, "
        + (Diverged is { } rate ? $"burst at {Diagnose.Figure(rate)}" : "never burst");
}

public static partial class Diagnose
{
    /// <summary>
    /// Takes a step at each of many rates, from the lowest to the highest, evenly by their logarithms, and notes where the loss falls fastest and where it bursts. The loss is
    /// smoothed: an average of the steps so far in which each step weighs 0.2, corrected for its start at 0 as in Adam.
    /// </summary>
    /// <example><code>double rate = Diagnose.Rates(model, Verbs.SoftmaxCrossEntropy, batches).Steepest ?? 0.01;</code></example>
    /// <exception cref="GraphException">The optimiser does not take the rate it is given, or an option is out of range.</exception>
    /// <exception cref="BindingException">The batches do not fit the model.</exception>
    public static RateRange Rates(Model model, Func<Expr, Expr, Expr> loss, Batches batches, DiagnosisOptions? options = null)
    {
        using var patient = new Patient(model, loss, batches, options);
        return Rates(patient);
    }

    // slopes are taken over so many steps to either side: batches differ
    const int Reach = 5;

    static RateRange Rates(Patient patient)
    {
        const double memory = 0.8; // more is smoother, and tells of a rate when the test is past it
        var options = patient.Options;
        if (!patient.TakesRate)
            throw new GraphException(
                "diagnosis: the optimiser must take the rate it is given; got one that does not. Write Optimiser = rate => Optimiser.Momentum(rate)?"
            );
        using var state = patient.Initialise();
        var points = ImmutableArray.CreateBuilder<(double Rate, double Loss)>();
        double sum = 0,
            weight = 0,
            best = double.PositiveInfinity;
        double? diverged = null;
        double factor = Math.Pow(options.Range.Highest / options.Range.Lowest, 1.0 / (options.RangeSteps - 1));
        for (int step = 0; step < options.RangeSteps && diverged is null; step++)
        {
            double rate = options.Range.Lowest * Math.Pow(factor, step);
            double loss = patient.Step(patient.Program, state, patient.BatchOf(step), rate).Loss;
            (sum, weight) = (memory * sum + (1 - memory) * loss, memory * weight + (1 - memory));
            double smooth = sum / weight;
            if (!double.IsFinite(smooth) || (points.Count > 0 && Bursts(smooth, points[0].Loss, best)))
                diverged = rate / factor; // the step before brought this loss about
            else
                points.Add((rate, smooth));
            best = Math.Min(best, smooth);
        }
        return Read(points.ToImmutable(), diverged);
    }

    // a net whose units died comes back to the loss it began with, and no further
    static bool Bursts(double loss, double first, double best) => loss > 2 * first || loss > Math.Max(0.5 * first, 4 * best);

    static RateRange Read(ImmutableArray<(double Rate, double Loss)> points, double? diverged)
    {
        if (points.IsEmpty)
            return new(points, null, double.NaN, diverged);
        int lowest = Enumerable.Range(0, points.Length).MinBy(i => points[i].Loss);
        double? steepest = null;
        double slope = -0.001 * Math.Abs(points[0].Loss); // a fall of less is noise
        for (int i = Reach; i + Reach < points.Length && i <= lowest; i++)
            if ((points[i + Reach].Loss - points[i - Reach].Loss) / (2 * Reach) is var d && d < slope)
                (slope, steepest) = (d, points[i].Rate);
        return new(points, steepest, points[lowest].Rate, diverged);
    }

    static Finding JudgeRate(Patient patient, RateRange range)
    {
        const string check = "learning rate";
        double rate = patient.Options.Rate;
        string found = $"{Figure(rate)}; range test: {range}";
        if (range.Steepest is not { } steepest)
            return new(check, Verdict.Fail, found, "No rate lowers the loss: look at gradient, labels and data.");
        string advice = $"Try {Figure(steepest)}.";
        return rate >= range.Diverged ? new(check, Verdict.Fail, found, "The loss bursts at this rate. " + advice)
            : rate < steepest / 300 ? new(check, Verdict.Fail, found, "The loss hardly falls at this rate. " + advice)
            : rate > 10 * steepest || rate < steepest / 30 ? new(check, Verdict.Inconclusive, found, advice)
            : new(check, Verdict.Pass, found);
    }
}
