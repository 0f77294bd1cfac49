namespace Cv.Testing;

/// <summary>
/// Judges a derivative at a point by enclosures. It is right where it agrees to <see cref="Right"/>; it is wrong where the enclosures are disjoint, even when each
/// literal may be whatever rounds to it. On a threshold it must lie between the derivatives of both sides.
/// </summary>
sealed class ExactJudge(Formula formula)
{
    public const string Jump = "the value jumps";
    const double Right = 1e-7;
    const double Continuous = 1e-6; // what f32 tells apart, and a little more

    static readonly Dyadic Least = Dyadic.Of(1.1754943508222875e-38); // below f32's least normal number, all is 0

    /// <summary>Gives the judgement; null where there is nothing to compare.</summary>
    public ElementReport? Judge(double[] at, int argument, double claim)
    {
        var run = new ExactRun(at, argument);
        var right = run.Of(formula.Value);
        var own = run.Of(formula.Claims[argument]).Value;
        if (run.Tied)
            return OnThreshold(at, argument, claim, right.Value, own);
        if (!right.Value.IsDefined || !right.Slope.IsDefined)
            return null;
        if (!own.IsDefined)
            return !double.IsFinite(claim) && IsInRange(right.Slope) ? Report(argument, claim, right.Slope.Middle, Verdict.Fail, "") : null;
        if (Agree(own, right.Slope, Right))
            return Report(argument, claim, right.Slope.Middle, Verdict.Pass, "");
        var wide = new ExactRun(at, argument, run);
        var (wideOwn, wideRight) = (wide.Of(formula.Claims[argument]).Value, wide.Of(formula.Value).Slope);
        if (!Enclosure.AreDisjoint(wideOwn, wideRight) || Close(wideOwn, wideRight))
            return null;
        return Report(argument, Shown(claim, own), right.Slope.Middle, Verdict.Fail, "");
    }

    /// <summary>Compares what a point on a threshold has with both sides.</summary>
    ElementReport? OnThreshold(double[] at, int argument, double claim, Enclosure here, Enclosure own)
    {
        if (Side(at, argument, -1) is not { } left || Side(at, argument, 1) is not { } right)
            return null;
        if (!left.Value.IsDefined || !right.Value.IsDefined || !left.Slope.IsDefined || !right.Slope.IsDefined)
            return null;
        if (
            Jumps(left.Value, right.Value, at[argument], left.Slope, right.Slope)
            || (here.IsDefined && Jumps(left.Value, here, at[argument], left.Slope, right.Slope))
        )
            return Report(
                argument,
                claim,
                double.NaN,
                Verdict.Inconclusive,
                $"{Jump} from {Text(left.Value)} over {(here.IsDefined ? Text(here) : "nothing")} to {Text(right.Value)}, where no derivative is right; if that is meant, say jumps: true"
            );
        // the derivatives of both sides must be near their limits
        if (Side(at, argument, -4096) is not { } lefter || Side(at, argument, 4096) is not { } righter)
            return null;
        if (!Agree(left.Slope, lefter.Slope, Continuous) || !Agree(right.Slope, righter.Slope, Continuous))
            return null;
        bool isSmooth = Agree(left.Slope, right.Slope, Continuous);
        string reason = isSmooth
            ? $"the function is smooth here, though made of parts that bend: both sides have {Text(right.Slope)}"
            : $"a kink: {Text(left.Slope)} on the left, {Text(right.Slope)} on the right";
        double nearest = Math.Clamp(
            double.IsFinite(claim) ? claim : 0,
            Math.Min(left.Slope.Middle, right.Slope.Middle),
            Math.Max(left.Slope.Middle, right.Slope.Middle)
        );
        if (!own.IsDefined)
            return !double.IsFinite(claim) && IsInRange(left.Slope) && IsInRange(right.Slope)
                ? Report(argument, claim, nearest, Verdict.Fail, reason)
                : null;
        var between = new Enclosure(Dyadic.Min(left.Slope.Low, right.Slope.Low), Dyadic.Max(left.Slope.High, right.Slope.High));
        bool inside = !Enclosure.AreDisjoint(own, between) || Agree(own, left.Slope, Continuous) || Agree(own, right.Slope, Continuous);
        return Report(argument, Shown(claim, own), nearest, inside ? Verdict.Pass : Verdict.Fail, reason);
    }

    /// <summary>Gives value and derivative so many ulps away; null where that is a threshold too.</summary>
    Jet? Side(double[] at, int argument, int ulps)
    {
        double[] moved = [.. at];
        for (int i = 0; i < Math.Abs(ulps); i++)
            moved[argument] = ulps < 0 ? Math.BitDecrement(moved[argument]) : Math.BitIncrement(moved[argument]);
        var run = new ExactRun(moved, argument);
        var jet = run.Of(formula.Value);
        return run.Tied ? null : jet;
    }

    static bool Jumps(Enclosure a, Enclosure b, double x, Enclosure left, Enclosure right)
    {
        // a continuous function changes by no more than this between neighbours
        var steps = Dyadic.Multiply(
            Dyadic.Max(left.Magnitude, right.Magnitude),
            Dyadic.Of(16 * (Math.BitIncrement(Math.Abs(x)) - Math.Abs(x))),
            true
        );
        var least = Dyadic.Max(Least, Dyadic.Multiply(Dyadic.Max(a.Magnitude, b.Magnitude), Dyadic.Of(Continuous), true));
        return Enclosure.LeastApart(a, b) > Dyadic.Add(steps, least, true);
    }

    static bool Agree(Enclosure a, Enclosure b, double to)
    {
        var size = Dyadic.Max(a.Magnitude, b.Magnitude);
        return size < Least || (!size.IsInfinite && Enclosure.MostApart(a, b) <= Dyadic.Multiply(size, Dyadic.Of(to), false));
    }

    static bool Close(Enclosure a, Enclosure b) =>
        Enclosure.LeastApart(a, b) <= Dyadic.Max(Least, Dyadic.Multiply(Dyadic.Max(a.Magnitude, b.Magnitude), Dyadic.Of(Right), true));

    public static bool IsInRange(Enclosure x) => x.IsDefined && x.Magnitude < Dyadic.Of(float.MaxValue * (1 - 1e-6));

    // the derivative's own number, unless it lost all digits on its way, when the exact one says more
    static double Shown(double claim, Enclosure own) => double.IsFinite(claim) || !own.IsDefined ? claim : own.Middle;

    static string Text(Enclosure x) => Point.Text(x.Middle);

    ElementReport Report(int argument, double claim, double right, Verdict verdict, string reason) =>
        new(
            Formula.NameOf(argument, formula.Arity),
            -1,
            claim,
            right,
            claim == right ? 0 : Math.Abs(claim - right) / Math.Max(Math.Abs(claim), Math.Abs(right)),
            verdict,
            reason
        );
}
