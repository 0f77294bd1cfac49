using System.Collections.Immutable;
using System.Globalization;

namespace Cv.Testing;

/// <summary>Says what became of a proof.</summary>
public enum ProofStatus
{
    /// <summary>The derivative is that of the function, for all real numbers where both are defined: their difference is 0 in the tower, on each branch.</summary>
    Proved,

    /// <summary>No proof was found, and no counter-example either.</summary>
    NotProved,

    /// <summary>At some point the derivative differs from that of the function: enclosures of the two are disjoint.</summary>
    Refuted,
}

/// <summary>
/// Says whether derivatives are those of a function, as functions of the reals. Literals count as the constants that they round from. Rounding and overflow are no part of it.
/// </summary>
/// <param name="Function">The function's name.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Reason">Why there is no proof; where and by how much it is refuted; nothing for a proof.</param>
/// <param name="Branches">How many branches were gone through: regions between the tests of conditionals, max, min, abs and sign.</param>
/// <param name="Degree">The largest degree of a difference's numerator in the kernels.</param>
/// <param name="LogError">The logarithm, to base 10, of a bound on the probability that a difference which is not 0 passed for 0.</param>
/// <param name="Constants">Literals that were read as exact constants: 0.7978846 as sqrt(2) / sqrt(pi).</param>
/// <param name="Thresholds">What value and derivative do at each threshold: continuous, a jump with both sides' numbers, or not decided.</param>
public sealed record Proof(
    string Function,
    ProofStatus Status,
    string Reason,
    int Branches,
    double Degree,
    double LogError,
    ImmutableArray<string> Constants,
    ImmutableArray<string> Thresholds
)
{
    /// <summary>Tells whether it is proved.</summary>
    public bool IsProved => Status == ProofStatus.Proved;

    /// <summary>Prints the status with degree, error bound, branches, constants and thresholds, or the reason.</summary>
    public override string ToString()
    {
        string status = Status switch
        {
            ProofStatus.Proved =>
                $"proved: on {Branches} {(Branches == 1 ? "branch" : "branches")}, the derivative of {Function} is that of its formula for all reals{(Branches == 1 ? "" : " but its thresholds")}; degree {Degree.ToString("G6", CultureInfo.InvariantCulture)}, error below 1e{Math.Ceiling(LogError).ToString(CultureInfo.InvariantCulture)}",
            ProofStatus.Refuted => $"refuted: the derivative of {Function} is not that of its formula: {Reason}",
            _ => $"not proved: the derivative of {Function}: {Reason}",
        };
        string constants = Constants.IsEmpty ? "" : $"; read {string.Join(", ", Constants)}";
        string thresholds = Thresholds.IsEmpty ? "" : $"; {string.Join("; ", Thresholds)}";
        return status + constants + thresholds;
    }
}
