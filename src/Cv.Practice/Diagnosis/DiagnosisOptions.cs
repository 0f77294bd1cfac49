using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Says how a model is to be trained, as far as a diagnosis must know, and how much the diagnosis may look at.</summary>
/// <example><code>
/// var options = new DiagnosisOptions { Optimiser = rate => Optimiser.Adam(rate), Rate = 1e-3, Penalty = w => 1e-4 * w.L2() };
/// </code></example>
public sealed record DiagnosisOptions
{
    /// <summary>Makes the optimiser from its rate, which the range test raises step by step; momentum unless given.</summary>
    public Func<LearningRate, Optimiser> Optimiser { get; init; } = rate => Dsl.Optimiser.Momentum(rate);

    /// <summary>Gives the learning rate that is to be used.</summary>
    public double Rate { get; init; } = 0.01;

    /// <summary>Gives a scalar that is added to the loss for each weight, as in training; none unless given.</summary>
    public Func<Expr, Expr>? Penalty { get; init; }

    /// <summary>Names a fraction that must be 1 for the few examples to count as learnt by heart, such as <see cref="Metric.Accuracy"/>; the loss alone counts unless given.</summary>
    public Metric? Metric { get; init; }

    /// <summary>
    /// Gives the loss that scores without any preference have by theory. Not needed for the softmax, ln C, or the multiclass SVM, C - 1: those are known.
    /// </summary>
    public double? FirstLoss { get; init; }

    /// <summary>Gives the seed of the first parameters.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Gives how many examples must be learnt by heart.</summary>
    public int Examples { get; init; } = 20;

    /// <summary>Gives how many steps that may take.</summary>
    public int OverfitSteps { get; init; } = 500;

    /// <summary>Gives how many examples the gradient is checked on.</summary>
    public int GradientExamples { get; init; } = 2;

    /// <summary>Gives how many elements of each parameter the gradient is checked at; they are drawn at random.</summary>
    public int GradientElements { get; init; } = 4;

    /// <summary>Gives how many examples the layers are looked at with.</summary>
    public int Probe { get; init; } = 128;

    /// <summary>Gives how many steps are trained before updates and layers are looked at again.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Gives the bars of each histogram.</summary>
    public int Bars { get; init; } = 24;

    /// <summary>Gives the steps of the learning-rate range test.</summary>
    public int RangeSteps { get; init; } = 100;

    /// <summary>Gives the rates that the range test begins and ends with.</summary>
    public (double Lowest, double Highest) Range { get; init; } = (1e-6, 100);

    /// <summary>Says how graphs are compiled: threads and vector width.</summary>
    public CompileOptions? Compile { get; init; }

    internal DiagnosisOptions Checked()
    {
        AtLeast(Examples, 1, nameof(Examples));
        AtLeast(OverfitSteps, 1, nameof(OverfitSteps));
        AtLeast(GradientExamples, 1, nameof(GradientExamples));
        AtLeast(GradientElements, 1, nameof(GradientElements));
        AtLeast(Probe, 2, nameof(Probe));
        AtLeast(Steps, 1, nameof(Steps));
        AtLeast(Bars, 1, nameof(Bars));
        AtLeast(RangeSteps, 20, nameof(RangeSteps));
        if (!(Range.Lowest > 0 && Range.Highest > Range.Lowest && double.IsFinite(Range.Highest)))
            throw new GraphException(
                $"diagnosis: the range must go from a rate above 0 to a larger one; got {Range.Lowest} to {Range.Highest}. (1e-6, 100) is usual."
            );
        return this;
    }

    static void AtLeast(int value, int least, string what)
    {
        if (value < least)
            throw new GraphException($"diagnosis: {what} must be at least {least}; got {value}. Leave it out for the usual.");
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(DiagnosisOptions), PrintMembers);
}
