namespace Cv.Testing;

/// <summary>Sets how a check looks and when it is content.</summary>
/// <remarks>
/// The thresholds are on |a - n| / max(|a|, |n|), and are those of the CS231n notes, "Gradient checks": 1e-7 is right, 1e-4 is right where the function bends
/// sharply, 1e-2 is wrong.
/// </remarks>
public sealed record CheckOptions
{
    /// <summary>Gives the default settings.</summary>
    public static CheckOptions Default { get; } = new();

    /// <summary>Below this relative error a gradient passes.</summary>
    public double Right { get; init; } = 1e-7;

    /// <summary>Below this it passes where the difference is within what the numeric side is uncertain by.</summary>
    public double Close { get; init; } = 1e-4;

    /// <summary>Above this it fails, unless the numeric side is as uncertain.</summary>
    public double Wrong { get; init; } = 1e-2;

    /// <summary>Gives the first step of a difference; it is made smaller where the function bends or breaks.</summary>
    public double Step { get; init; } = 1e-3;

    /// <summary>Gives the most elements of each leaf that are looked at one by one; they are drawn at random.</summary>
    public int Elements { get; init; } = 64;

    /// <summary>Numbers below this part of the gradient's largest count as 0.</summary>
    internal double Floor { get; init; } = 1e-6;

    /// <summary>Gives the seed of weights, directions and the elements that are drawn.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(CheckOptions), PrintMembers);
}
