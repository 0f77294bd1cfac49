using System.Collections.Immutable;

namespace Cv.Practice;

/// <summary>Names the ways in which a minimisation ends.</summary>
public enum MinimumReason
{
    /// <summary>No element of the gradient is larger than the tolerance.</summary>
    GradientVanished,

    /// <summary>An iteration lowered the loss by less than the tolerance.</summary>
    LossSettled,

    /// <summary>No lower point was found along the gradient: the loss is as low as its dtype can tell, or it is not smooth there.</summary>
    NoLowerPoint,

    /// <summary>All iterations were taken.</summary>
    Iterations,

    /// <summary>The caller asked to stop.</summary>
    Cancelled,
}

/// <summary>Tells of one iteration of a minimisation.</summary>
/// <param name="Number">The iteration, from 1.</param>
/// <param name="Loss">The loss after it.</param>
/// <param name="Gradient">The largest magnitude in the gradient that it went along; null where none is taken.</param>
/// <param name="Step">What the direction was multiplied by; 0 if the parameters stayed.</param>
/// <param name="Evaluations">The times the loss was computed in it.</param>
public sealed record Iteration(int Number, double Loss, double? Gradient, double Step, int Evaluations)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(Iteration), PrintMembers);
}

/// <summary>Tells what a minimisation reached; the parameters are in the state that it was given.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="First">The loss before it.</param>
/// <param name="Loss">The loss after it; never above the first.</param>
/// <param name="Path">Its iterations.</param>
/// <param name="Evaluations">The times the loss was computed in all.</param>
public sealed record Minimum(MinimumReason Reason, double First, double Loss, ImmutableArray<Iteration> Path, int Evaluations)
{
    /// <summary>Prints reason, losses and counts in one line.</summary>
    public override string ToString() =>
        FormattableString.Invariant($"{Reason}: loss {First:G6} -> {Loss:G6} in {Path.Length} iterations, {Evaluations} evaluations");
}
