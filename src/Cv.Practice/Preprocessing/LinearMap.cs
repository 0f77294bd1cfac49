using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Maps examples to other numbers: (x - mean) W, for a mean [D] and a matrix [D,K] that were fitted to training data. Immutable; apply the same one to every set. Bytes are
/// scaled first, as they were for the fit.
/// </summary>
/// <example><code>
/// var whitening = Whitening.Zca(train, epsilon: 0.1);
/// var (whiteTrain, whiteTest) = (whitening.Apply(train), whitening.Apply(test));
/// </code></example>
public sealed class LinearMap
{
    const int BatchRows = 500;

    readonly Scaling? _scaling;
    readonly Tensor _mean;
    readonly Tensor _matrix;
    readonly Shape _result;
    readonly string _text;

    internal LinearMap(Scaling? scaling, double[] mean, double[] matrix, Shape result, string text)
    {
        (_scaling, _result, _text) = (scaling, result, text);
        using var exactMean = Tensor.From([1, mean.Length], mean);
        using var exactMatrix = Tensor.From([mean.Length, matrix.Length / mean.Length], matrix);
        (_mean, _matrix) = (exactMean.Cast(DType.F32), exactMatrix.Cast(DType.F32));
    }

    /// <summary>Counts the values of an example before: D.</summary>
    public int From => _mean.Size;

    /// <summary>Counts the values of an example after: K.</summary>
    public int To => _matrix.Shape[1].Value;

    /// <summary>Gives the matrix, f32[D,K]. Only to be read.</summary>
    public Tensor Matrix => _matrix;

    /// <summary>Gives the mean that is subtracted, f32[1,D]. Only to be read.</summary>
    public Tensor Mean => _mean;

    /// <summary>Maps every example; shapes stay if K is D, and become [K] elsewhere.</summary>
    /// <exception cref="ShapeException">The examples have another size than those of the fit, or are features where those were images.</exception>
    public Features Apply(Examples examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.SampleSize != From)
            throw new ShapeException(
                $"{_text}: examples must have {From} values, as those that it was fitted to; got {examples}. Apply it to sets made in the same way."
            );
        var mean = Expr.State("mean", _mean.Shape);
        var matrix = Expr.State("matrix", _matrix.Shape);
        var function = Compile.Function((Expr.Input("x", ["N", From]) - mean).MatMul(matrix));
        using var state = new ModelState([new("mean", _mean.Clone()), new("matrix", _matrix.Clone())]);
        using var batches = new Batches(examples, BatchRows, _scaling, sampleShape: [From]);
        var rows = Features.Compute(function, state, batches);
        return rows.With(rows.X.Reshape([rows.Count, .. _result.Dims]));
    }

    /// <summary>Prints what it does: ZCA whitening of 3072 values, epsilon 0.1.</summary>
    public override string ToString() => _text;
}
