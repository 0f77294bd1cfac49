namespace Cv.Testing;

/// <summary>Tells what the values near a point say of a derivative there.</summary>
enum Terrain
{
    /// <summary>One branch on both sides.</summary>
    Smooth,

    /// <summary>A kink at the point: the derivatives from the left and from the right differ or may.</summary>
    Kink,

    /// <summary>The values from the left and from the right differ.</summary>
    Jump,

    /// <summary>Some value nearby is not finite.</summary>
    NotFinite,
}

/// <summary>A derivative as numbers tell it: an interval, one value wide where the function is smooth, and how far off its ends may be.</summary>
readonly record struct Derivative(double Low, double High, double Uncertainty, Terrain Terrain)
{
    public Derivative(double value, double uncertainty)
        : this(value, value, uncertainty, Terrain.Smooth) { }

    /// <summary>Gives the value of the interval that is nearest to another.</summary>
    public double Nearest(double to) => Math.Clamp(to, Low, High);

    /// <summary>Judges a claim. Numbers as small as <paramref name="floor"/> count as 0.</summary>
    public Verdict Judge(double claim, double floor, CheckOptions options)
    {
        if (Terrain is Terrain.Jump or Terrain.NotFinite || !double.IsFinite(Low) || !double.IsFinite(High))
            return Verdict.Inconclusive;
        if (!double.IsFinite(claim))
            return Verdict.Fail;
        double nearest = Nearest(claim),
            distance = Math.Abs(claim - nearest),
            error = ErrorOf(claim, floor);
        if (error <= options.Right)
            return Verdict.Pass;
        bool covered = distance <= Uncertainty;
        if (error <= options.Close && covered)
            return Verdict.Pass;
        return covered ? Verdict.Inconclusive : Verdict.Fail;
    }

    /// <summary>Gives |a - n| / max(|a|, |n|), where what is below the floor counts as the floor.</summary>
    public double ErrorOf(double claim, double floor)
    {
        double nearest = Nearest(claim);
        return claim == nearest ? 0 : Math.Abs(claim - nearest) / Math.Max(floor, Math.Max(Math.Abs(claim), Math.Abs(nearest)));
    }
}
