using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Averages over examples, in f64, by compiled graphs that take a batch at a time: of a set of any size, one batch is in memory as numbers.</summary>
static class Moments
{
    const int BatchRows = 500;

    /// <summary>Gives the mean of each of D values.</summary>
    public static double[] Mean(Examples examples, Scaling? scaling) =>
        Average(examples, scaling, new double[examples.SampleSize], x => x.Sum([0], keepDims: true));

    /// <summary>Gives the variance of each of D values: the mean of squares about the mean.</summary>
    public static double[] Variance(Examples examples, Scaling? scaling, double[] mean) =>
        Average(examples, scaling, mean, x => (x * x).Sum([0], keepDims: true));

    /// <summary>Gives the covariances of D values, row-major D x D: the mean of products about the means.</summary>
    public static double[] Covariance(Examples examples, Scaling? scaling, double[] mean) =>
        Average(examples, scaling, mean, x => x.T().MatMul(x));

    static double[] Average(Examples examples, Scaling? scaling, double[] mean, Func<Expr, Expr> sum)
    {
        if (examples.Count == 0 || examples.SampleSize == 0)
            throw new DataException($"{examples.Name}: expected examples to average over, found none. Fit on the training set.");
        int size = examples.SampleSize;
        var centre = Expr.State("mean", [1, size], dtype: DType.F64);
        var added = sum(Expr.Input("x", ["N", size]).Cast(DType.F64) - centre);
        var total = Expr.State("total", added.Shape, dtype: DType.F64);
        var function = Compile.Function(new Graph([], [new(total, total + added)]));
        using var state = new ModelState([new("mean", Tensor.From([1, size], mean)), new("total", Tensor.Zeros(added.Shape, DType.F64))]);
        using var batches = new Batches(examples, BatchRows, scaling, sampleShape: [size]);
        foreach (var batch in batches.Epoch(0))
            function.Call(state, new Binding("x", batch.X));
        return Array.ConvertAll(state["total"].ToArray<double>(), value => value / examples.Count);
    }
}
