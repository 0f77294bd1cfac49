using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Subtracts from each value its mean over the training set, and divides by its deviation there (CS231n notes, "Data Preprocessing"; assignment 1 does so with its histograms).
/// Immutable; fit it on training data, then apply the same one to every set. For images, <see cref="Scaling"/> does the like by channel, without copying them.
/// </summary>
/// <example><code>
/// var standard = Standardisation.Of(trainHistograms);
/// var (train, test) = (standard.Apply(trainHistograms), standard.Apply(testHistograms));
/// </code></example>
public sealed class Standardisation
{
    const int BatchRows = 500;

    // what is less, relative to the mean, is the rounding of a sum of equal numbers
    const double Rounding = 1e-12;

    readonly Scaling? _scaling;
    readonly double[] _mean;
    readonly double[] _deviation;

    Standardisation(Scaling? scaling, double[] mean, double[] deviation) => (_scaling, _mean, _deviation) = (scaling, mean, deviation);

    /// <summary>Gives the mean of each value over the training set.</summary>
    public ReadOnlySpan<double> Mean => _mean;

    /// <summary>Gives the standard deviation of each value over the training set, with N as divisor; 1 where a value never changes, so that it becomes 0.</summary>
    public ReadOnlySpan<double> Deviation => _deviation;

    /// <summary>Fits to training data. Bytes are scaled first, by <see cref="Scaling.Unit"/> unless said; features take no scaling.</summary>
    /// <exception cref="DataException">There are no examples.</exception>
    public static Standardisation Of(Examples train, Scaling? scaling = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        var mean = Moments.Mean(train, scaling);
        var variance = Moments.Variance(train, scaling, mean);
        return new(scaling, mean, [.. variance.Select((v, i) => Math.Sqrt(v) is var d && d > Rounding * Math.Abs(mean[i]) ? d : 1)]);
    }

    /// <summary>Standardises every example; shapes stay.</summary>
    /// <exception cref="ShapeException">The examples have another size than those of the fit.</exception>
    public Features Apply(Examples examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        int size = _mean.Length;
        if (examples.SampleSize != size)
            throw new ShapeException(
                $"standardisation: examples must have {size} values, as those that it was fitted to; got {examples}. Apply it to sets made in the same way."
            );
        var (mean, deviation) = (Expr.State("mean", [1, size]), Expr.State("deviation", [1, size]));
        var function = Compile.Function((Expr.Input("x", ["N", size]) - mean) / deviation);
        using var state = new ModelState([new("mean", Row(_mean)), new("deviation", Row(_deviation))]);
        using var batches = new Batches(examples, BatchRows, _scaling, sampleShape: [size]);
        var rows = Features.Compute(function, state, batches);
        return rows.With(rows.X.Reshape([rows.Count, .. examples.SampleShape.Dims]));
    }

    static Tensor Row(double[] values) => Tensor.From([1, values.Length], Array.ConvertAll(values, v => (float)v));
}
