using Cv.Testing;

namespace Cv.Practice;

/// <summary>Tells what one check of a diagnosis saw.</summary>
/// <param name="Check">Names the check: "first loss".</param>
/// <param name="Verdict">Judges: fail is a fault, inconclusive a doubt.</param>
/// <param name="Found">Gives the facts, with what was expected.</param>
/// <param name="Advice">Says what to do; empty where all is well.</param>
/// <example><code>Console.WriteLine(Diagnose.FirstLoss(model, Verbs.SoftmaxCrossEntropy, batches));</code></example>
public sealed record Finding(string Check, Verdict Verdict, string Found, string Advice = "")
{
    /// <summary>Prints verdict, check, facts and advice, in a line.</summary>
    public override string ToString() => $"{Word(Verdict), -12} {Check}: {Found}.{(Advice.Length == 0 ? "" : " " + Advice)}";

    /// <summary>Names a verdict as reports print it: a check that could not decide left a doubt.</summary>
    internal static string Word(Verdict verdict) =>
        verdict switch
        {
            Verdict.Pass => "pass",
            Verdict.Fail => "FAIL",
            _ => "inconclusive",
        };
}
