using System.Collections.Immutable;

namespace Cv.Practice;

/// <summary>Names the ways in which a trial ends.</summary>
public enum TrialOutcome
{
    /// <summary>It ran to its end.</summary>
    Completed,

    /// <summary>It was given up on the way; its score is what it had.</summary>
    Stopped,

    /// <summary>Its training broke off, or its score is not a number.</summary>
    Failed,
}

/// <summary>Tells what a trial came to.</summary>
/// <param name="Number">Which settings they were, from 1.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Budget">The means it had; 1 but in a search by halving.</param>
/// <param name="Score">The score, higher for better; NaN where it failed.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reports">The scores on the way.</param>
/// <param name="Elapsed">What it took.</param>
public sealed record TrialResult(
    int Number,
    Settings Settings,
    double Budget,
    double Score,
    TrialOutcome Outcome,
    ImmutableArray<double> Reports,
    TimeSpan Elapsed
)
{
    /// <summary>Prints number, score and settings.</summary>
    public override string ToString() =>
        $"{Number, 4}  {Diagnose.Figure(Score), -9}  {Settings}{(Outcome == TrialOutcome.Completed ? "" : $" ({Outcome.ToString().ToLowerInvariant()})")}";
}
