using System.Globalization;

namespace Cv.Testing;

/// <summary>What was found at one point about the derivative by one argument.</summary>
/// <param name="Element">The numbers and the verdict.</param>
/// <param name="At">The arguments.</param>
readonly record struct Finding(ElementReport Element, double[] At);

/// <summary>Goes through the points of a formula, argument by argument, and judges the derivative at each.</summary>
sealed class Sweep(Formula formula, bool jumps)
{
    readonly DoubleRun _doubles = new([formula.Value, .. formula.Claims]);
    readonly Thresholds _thresholds = new(formula);
    readonly List<Finding> _found = [];
    int _checked;

    public GradientReport Report()
    {
        var random = new Random(formula.Arity);
        var exact = new ExactJudge(formula);
        var noisy = new NoisyJudge(formula, _doubles);
        var all = new List<double[]>();
        for (int argument = 0; argument < formula.Arity; argument++)
            foreach (double[] others in Others(random))
            foreach (double x in SamplePoints.Along(_thresholds, others, argument, random))
            {
                double[] at = [.. others];
                at[argument] = x;
                all.Add(at);
                double claim = _doubles.Run(at, formula.Claims[argument]);
                Note(formula.IsOpaque ? noisy.Judge(at, argument, claim) : exact.Judge(at, argument, claim), at);
            }
        if (!formula.IsOpaque && _found.TrueForAll(f => f.Element.Verdict != Verdict.Fail))
            foreach (var finding in Overflow.Find(formula, all))
                Note(finding.Element, finding.At);
        return Summary();
    }

    void Note(ElementReport? element, double[] at)
    {
        if (element is null)
            return;
        _checked++;
        if (element.Verdict != Verdict.Pass && !(jumps && element.Reason.StartsWith(ExactJudge.Jump, StringComparison.Ordinal)))
            _found.Add(new(element, at));
    }

    GradientReport Summary()
    {
        // the worst; among those, the plainest number
        var worst = _found
            .OrderByDescending(f => f.Element.Verdict)
            .ThenBy(f => f.At.Sum(Plainness))
            .Select(f => ((Finding?)f))
            .FirstOrDefault();
        var verdict = worst?.Element.Verdict ?? (_checked == 0 ? Verdict.Inconclusive : Verdict.Pass);
        // where there is one op, it is to blame for its derivative
        bool isAlone = formula.Graph.Operands.All(o => o.Operands.IsEmpty);
        var culprit = isAlone && verdict == Verdict.Fail && worst?.Element.Leaf != Overflow.Value ? formula.Graph : null;
        return new(
            formula.IsOpaque ? "differences" : "exact arithmetic",
            formula.Graph,
            verdict,
            _checked,
            worst?.Element,
            culprit,
            PointOf(worst?.At ?? new double[formula.Arity])
        )
        {
            Reason = _checked == 0 ? "no point could be judged" : "",
        };
    }

    Point PointOf(double[] at) =>
        new(
            Enumerable
                .Range(0, at.Length)
                .ToDictionary(i => Formula.NameOf(i, formula.Arity), i => (double[])[at[i]], StringComparer.Ordinal)
        );

    static double Plainness(double x) => x.ToString("R", CultureInfo.InvariantCulture).Length + Math.Abs(Math.Log10(Math.Abs(x) + 1e-3));

    /// <summary>Lists values for the other arguments: of either sign, from 1/4 to 2; 0 and 1 too, where there are others.</summary>
    IEnumerable<double[]> Others(Random random)
    {
        if (formula.Arity == 1)
            return
            [
                [0],
            ];
        double Draw() => Math.CopySign(0.25 + 1.75 * random.NextDouble(), random.NextDouble() - 0.5);
        double[] Drawn() => [.. Enumerable.Range(0, formula.Arity).Select(_ => Math.Round(Draw(), 3))];
        double[] All(double value) => [.. Enumerable.Repeat(value, formula.Arity)];
        return [Drawn(), Drawn(), All(0), All(1)];
    }
}
