using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Says when a minimisation ends, and how its graphs are compiled.</summary>
/// <example><code>var options = new MinimiserOptions { Iterations = 500, GradientTolerance = 1e-8 };</code></example>
public sealed record MinimiserOptions
{
    /// <summary>Counts the iterations, at most; at least 1.</summary>
    public int Iterations { get; init; } = 100;

    /// <summary>Stops where no element of the gradient is larger, at least 0.</summary>
    public double GradientTolerance { get; init; } = 1e-6;

    /// <summary>Stops after an iteration that lowers the loss by no more than this part of it, at least 0; 0 asks for any fall at all.</summary>
    public double LossTolerance { get; init; }

    /// <summary>Gives threads and vector width.</summary>
    public CompileOptions? Compile { get; init; }

    internal MinimiserOptions Checked()
    {
        if (Iterations < 1)
            throw new GraphException($"minimise: the iterations must be at least 1; got {Iterations}. 100 is a start.");
        if (!(GradientTolerance >= 0 && LossTolerance >= 0))
            throw new GraphException(
                FormattableString.Invariant(
                    $"minimise: tolerances must be at least 0; got {GradientTolerance} for the gradient and {LossTolerance} for the loss. 0 goes on as long as it can."
                )
            );
        return this;
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(MinimiserOptions), PrintMembers);
}
