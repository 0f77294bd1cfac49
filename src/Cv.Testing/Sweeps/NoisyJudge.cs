namespace Cv.Testing;

/// <summary>
/// Judges a derivative whose value calls a method of the user, by differences as good as the method's own rounding allows: a method of floats is known to seven digits, and a
/// derivative is not blamed for more.
/// </summary>
sealed class NoisyJudge(Formula formula, DoubleRun run)
{
    public ElementReport? Judge(double[] at, int argument, double claim)
    {
        double x = at[argument];
        // a step below is lost in denormals, beyond nothing is left of the range to step to
        if ((float)x != x || (x != 0 && Math.Abs(x) is < 1e-6 or > 1e15))
            return null;
        double[] moved = [.. at];
        double F(double v)
        {
            moved[argument] = v;
            return run.Run(moved, formula.Value);
        }
        if (NoisyDerivative.At(F, x) is not { } derivative)
            return null;
        double low = derivative.Low - derivative.Uncertainty,
            high = derivative.High + derivative.Uncertainty,
            right = Math.Clamp(double.IsFinite(claim) ? claim : 0, derivative.Low, derivative.High);
        var verdict =
            !double.IsFinite(claim) ? Verdict.Fail
            : claim >= low && claim <= high ? Verdict.Pass
            : Verdict.Fail;
        string reason =
            verdict == Verdict.Pass
                ? ""
                : $"by differences of the method's own numbers, which are uncertain by {derivative.Uncertainty:G3}";
        return new(
            Formula.NameOf(argument, formula.Arity),
            -1,
            claim,
            right,
            Math.Abs(claim - right) / Math.Max(1e-300, Math.Max(Math.Abs(claim), Math.Abs(right))),
            verdict,
            reason
        );
    }
}
