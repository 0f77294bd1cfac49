using Cv.Dsl;

namespace Cv.Testing;

/// <summary>One element of a gradient beside what it should be.</summary>
/// <param name="Leaf">The name of the leaf, or what moved instead of one.</param>
/// <param name="Index">The element's place in it, row-major; -1 where all moved.</param>
/// <param name="Analytic">The gradient's value.</param>
/// <param name="Numeric">What it was compared with.</param>
/// <param name="Error">|a - n| / max(|a|, |n|).</param>
/// <param name="Verdict">The judgement of this element.</param>
/// <param name="Reason">Why it could not be judged, or nothing.</param>
public sealed record ElementReport(
    string Leaf,
    int Index,
    double Analytic,
    double Numeric,
    double Error,
    Verdict Verdict,
    string Reason = ""
)
{
    /// <summary>Prints the element: x[3].</summary>
    public string Place => Index < 0 ? Leaf : $"{Leaf}[{Index}]";

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(ElementReport), PrintMembers);
}

/// <summary>Says what a check found.</summary>
/// <param name="Method">What the gradient was compared with.</param>
/// <param name="Subject">The node whose gradient was checked.</param>
/// <param name="Verdict">The worst verdict of all elements.</param>
/// <param name="Checked">How many numbers were compared.</param>
/// <param name="Worst">The worst of them, null where there was none.</param>
/// <param name="Culprit">The node whose own derivative is wrong, where one was found.</param>
/// <param name="At">Where the graph was checked.</param>
public sealed record GradientReport(
    string Method,
    Expr Subject,
    Verdict Verdict,
    int Checked,
    ElementReport? Worst,
    Expr? Culprit,
    Point At
)
{
    /// <summary>Gives what became of a proof, where one was tried: of a gate's derivative.</summary>
    public Proof? Proof { get; init; }

    /// <summary>Says why nothing was compared, where that is so.</summary>
    internal string Reason { get; init; } = "";

    /// <summary>Tells whether every number passed.</summary>
    public bool Passed => Verdict <= Verdict.Pass;

    /// <summary>Throws unless every number passed; gives the report otherwise.</summary>
    /// <exception cref="CheckException">A number failed, or could not be judged.</exception>
    public GradientReport MustPass() => Passed ? this : throw new CheckException(this);

    /// <summary>Prints verdict, worst element with both values, and the op that is wrong.</summary>
    public override string ToString() => Proof is null ? Compared() : $"{Compared()}\n{Proof}";

    string Compared()
    {
        string head = $"{Verdict.ToString().ToLowerInvariant()}: the gradient of {Subject} against {Method}";
        if (Worst is not { } worst)
            return Reason.Length > 0 ? $"{head}, {Reason}"
                : Checked == 0 ? $"{head}, nothing to compare"
                : $"{head}. {Checked} compared";
        string should = double.IsNaN(worst.Numeric)
            ? ", and cannot be compared"
            : $", should be {Point.Text(worst.Numeric)}, relative error {worst.Error:G3}";
        string values = $"{worst.Place} is {Point.Text(worst.Analytic)}{should}";
        string reason = worst.Reason.Length == 0 ? "" : $" ({worst.Reason})";
        string op = Culprit is null ? "" : $". The derivative of {Culprit} is wrong";
        return $"{head}: {values}{reason}{op}. {Checked} compared, at {At}";
    }
}

/// <summary>Reports a gradient that did not pass; the message is the report's text.</summary>
public sealed class CheckException : Exception
{
    /// <summary>Makes the error of a report.</summary>
    public CheckException(GradientReport report)
        : base(ErrorText.Bounded(report.ToString())) => Report = report;

    /// <summary>Makes the error of a report, with code that builds what it is about.</summary>
    internal CheckException(GradientReport report, GraphCase graph)
        : base($"{report}\n{graph}") => Report = report;

    /// <summary>Makes the error of a text.</summary>
    public CheckException(string message)
        : base(ErrorText.Bounded(message)) { }

    /// <summary>Gives what was found, where there is one report.</summary>
    public GradientReport? Report { get; }
}
