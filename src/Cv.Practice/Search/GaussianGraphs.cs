using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>
/// Holds what a Gaussian process computes, as compiled graphs in f64: the kernel of two sets of points, and mean, deviation and expected improvement at many points at once.
/// </summary>
sealed class GaussianGraphs
{
    public GaussianGraphs(int coordinates, CompileOptions? options)
    {
        Expr points = Input("points", "M", coordinates),
            known = Input("known", "N", coordinates),
            lengths = Expr.Input("lengths", [1, coordinates], DType.F64),
            weights = Expr.Input("weights", ["N", 1], DType.F64),
            inverse = Expr.Input("inverse", ["N", "N"], DType.F64),
            best = Expr.Input("best", [], DType.F64);
        var kernel = Matern(points / lengths, known / lengths);
        Kernel = Compile.Function(new Graph(kernel), options);

        // k(x, x) = 1; what the data explains is taken off, and rounding must not take off more than there is
        var mean = kernel.MatMul(weights);
        var explained = kernel.MatMul(inverse.T()).Pow(2).Sum([-1], keepDims: true);
        var deviation = (1 - explained).Maximum(1e-12).Sqrt();
        Posterior = Compile.Function(new Graph(mean, deviation, ExpectedImprovement(mean, deviation, best)), options);
    }

    /// <summary>Takes points [M, D], known [N, D] and lengths [1, D]; gives the kernel, [M, N].</summary>
    public CompiledFunction Kernel { get; }

    /// <summary>Takes besides them weights [N, 1], the inverse factor [N, N] and the best score so far; gives mean, deviation and expected improvement, each [M, 1].</summary>
    public CompiledFunction Posterior { get; }

    /// <summary>Gives (1 + s + s^2 / 3) exp(-s) with s = sqrt(5) |a - b|: functions that are twice differentiable (Rasmussen and Williams, "Gaussian Processes", 4.17).</summary>
    static Expr Matern(Expr a, Expr b)
    {
        // |a|^2 + |b|^2 - 2 a.b: a product, and no M x N x D
        var squared = a.Pow(2).Sum([-1], keepDims: true) + b.Pow(2).Sum([-1], keepDims: true).T() - 2 * a.MatMul(b.T());
        var s = (5 * squared.Maximum(0)).Sqrt();
        return (1 + s + s * s / 3) * (-s).Exp();
    }

    /// <summary>Gives E max(0, f - best) for a normal f: (mean - best) P(z) + deviation p(z), z = (mean - best) / deviation (Jones, Schonlau and Welch, 1998).</summary>
    static Expr ExpectedImprovement(Expr mean, Expr deviation, Expr best)
    {
        var gain = mean - best;
        var z = gain / deviation;
        var density = (-0.5 * z * z).Exp() / Math.Sqrt(2 * Math.PI);
        var distribution = 0.5 * (1 + (z / Math.Sqrt(2)).Erf());
        return gain * distribution + deviation * density;
    }

    static Expr Input(string name, string count, int coordinates) => Expr.Input(name, [count, coordinates], DType.F64);
}
