using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Says what a Gaussian process believes of a point.</summary>
/// <param name="Mean">The value it expects.</param>
/// <param name="Deviation">How uncertain it is of that.</param>
/// <param name="Improvement">By how much it expects the value to pass the best so far, counting less as nothing.</param>
public readonly record struct Belief(double Mean, double Deviation, double Improvement)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(Belief), PrintMembers);
}

/// <summary>
/// Learns a smooth function from few of its values, and says at any point what it expects and how sure it is. Points are coordinates from 0 to 1. The kernel is Matern's of 5/2 with a length for each
/// coordinate; lengths and noise are those of a grid that make the values likeliest, found coordinate by coordinate.
/// </summary>
/// <remarks>
/// Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), algorithm 2.1 and section 5.4. Values are taken to mean 0, and the kernel's height is the one that makes them likeliest.
/// </remarks>
/// <example><code>
/// var process = new GaussianProcess(coordinates: 2);
/// process.Fit([[0.1, 0.5], [0.9, 0.5]], [0.3, 0.7]);
/// Belief middle = process.At([[0.5, 0.5]])[0];
/// </code></example>
public sealed class GaussianProcess
{
    static readonly ImmutableArray<double> Lengths = [0.05, 0.1, 0.2, 0.35, 0.6, 1, 2, 5];
    static readonly ImmutableArray<double> Noises = [1e-6, 1e-4, 1e-2, 1e-1];

    // extents are rounded up to this, so that code is compiled once in so many trials
    const int Block = 16;

    readonly GaussianGraphs _graphs;
    readonly int _coordinates;
    double[][] _points = [];
    double[] _values = [];
    double _middle;
    Fitted? _fitted;

    /// <summary>Prepares a process over points of so many coordinates.</summary>
    /// <exception cref="GraphException">There are none.</exception>
    public GaussianProcess(int coordinates, CompileOptions? options = null)
    {
        if (coordinates < 1)
            throw new GraphException(
                $"gaussian process: points must have at least 1 coordinate; got {coordinates}. Count those of a point."
            );
        (_coordinates, _graphs) = (coordinates, new(coordinates, options));
    }

    /// <summary>Learns the values at points; forgets what it knew.</summary>
    /// <param name="points">The points, each with its coordinates.</param>
    /// <param name="values">The value at each.</param>
    /// <exception cref="GraphException">There is no point, not one value for each, or a point of other coordinates.</exception>
    public void Fit(IReadOnlyList<double[]> points, IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(values);
        if (points.Count == 0 || points.Count != values.Count || points.Any(p => p.Length != _coordinates))
            throw new GraphException(
                $"gaussian process: there must be points of {_coordinates} coordinates with a value each; got {points.Count} points and {values.Count} values. Give as many."
            );
        (_points, _middle) = ([.. points], values.Average());
        _values = [.. values.Select(v => v - _middle)];
        ImmutableArray<double> lengths = [.. Enumerable.Repeat(0.35, _coordinates)];
        var best =
            Try(lengths, Noises[1])
            ?? Try(lengths, Noises[^1])
            ?? throw new GraphException("gaussian process: the values must be numbers; got NaN. Leave such points out.");
        for (int sweep = 0; sweep < 2; sweep++)
        {
            for (int i = 0; i < _coordinates; i++)
                foreach (double length in Lengths)
                    best = Better(best, Try([.. best.Lengths[..i], length, .. best.Lengths[(i + 1)..]], best.Noise));
            foreach (double noise in Noises)
                best = Better(best, Try(best.Lengths, noise));
        }
        _fitted = best;
    }

    /// <summary>Says what it believes of points; improvements are over the largest value learnt.</summary>
    /// <exception cref="GraphException">It has learnt nothing yet.</exception>
    public ImmutableArray<Belief> At(IReadOnlyList<double[]> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        var fitted =
            _fitted ?? throw new GraphException("gaussian process: it must have learnt values before it is asked; got none. Call Fit.");
        using Tensor asked = Points(points, padding: 0, points.Count),
            known = Padded(_points),
            lengths = Tensor.From([1, _coordinates], [.. fitted.Lengths]),
            weights = Tensor.From([fitted.Weights.Length, 1], fitted.Weights),
            inverse = Matrix(fitted.Inverse),
            best = Tensor.From(Shape.Scalar, [_values.Max() / fitted.Height]);
        double[][] outputs = _graphs
            .Posterior.Call(
                new Binding("points", asked),
                new("known", known),
                new("lengths", lengths),
                new("weights", weights),
                new("inverse", inverse),
                new("best", best)
            )
            .Numbers();
        double[] mean = outputs[0],
            deviation = outputs[1],
            improvement = outputs[2];
        return
        [
            .. Enumerable
                .Range(0, points.Count)
                .Select(i => new Belief(_middle + fitted.Height * mean[i], fitted.Height * deviation[i], fitted.Height * improvement[i])),
        ];
    }

    /// <summary>Factors the kernel of some lengths and noise, and says how likely it makes the values; null where it cannot be factored.</summary>
    Fitted? Try(ImmutableArray<double> lengths, double noise)
    {
        int n = _values.Length;
        using Tensor known = Padded(_points),
            scale = Tensor.From([1, _coordinates], [.. lengths]);
        var numbers = _graphs.Kernel.Call(new Binding("points", known), new("known", known), new("lengths", scale)).Numbers()[0];
        int size = (int)Math.Round(Math.Sqrt(numbers.Length));
        var kernel = new double[size, size];
        for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++)
            kernel[i, j] = numbers[i * size + j] + (i == j ? noise : 0);
        if (Cholesky.Factor(kernel) is not { } factor)
            return null;
        var inverse = Cholesky.InverseOf(factor);
        var half = Product(inverse, _values, transposed: false);
        double square = half.Sum(v => v * v);
        // the height that makes the values likeliest; values that are all one have none
        double height = Math.Sqrt(Math.Max(square / n, 1e-20));
        double likelihood = -n * Math.Log(height);
        for (int i = 0; i < n; i++)
            likelihood -= Math.Log(factor[i, i]);
        double[] weights = [.. Product(inverse, half, transposed: true).Select(w => w / height)];
        return double.IsFinite(likelihood) ? new(lengths, noise, height, likelihood, weights, inverse) : null;
    }

    static Fitted Better(Fitted best, Fitted? other) => other is not null && other.Likelihood > best.Likelihood ? other : best;

    /// <summary>Multiplies a lower triangular matrix, or its transpose, by a vector that may be shorter: the rest is 0.</summary>
    static double[] Product(double[,] l, double[] v, bool transposed)
    {
        int n = l.GetLength(0);
        var result = new double[n];
        for (int i = 0; i < n; i++)
        for (int k = 0; k < Math.Min(n, v.Length); k++)
            result[i] += (transposed ? l[k, i] : l[i, k]) * v[k];
        return result;
    }

    // far from every point and from each other, so that they neither know nor say anything
    Tensor Padded(double[][] points) => Points(points, padding: 1e4, (points.Length + Block - 1) / Block * Block);

    Tensor Points(IReadOnlyList<double[]> points, double padding, int count)
    {
        var numbers = new double[count * _coordinates];
        for (int i = 0; i < count; i++)
            if (i < points.Count)
                points[i].CopyTo(numbers, i * _coordinates);
            else
                numbers[i * _coordinates] = padding * (i + 1);
        return Tensor.From([count, _coordinates], numbers);
    }

    static Tensor Matrix(double[,] values) => Tensor.From([values.GetLength(0), values.GetLength(1)], [.. values.Cast<double>()]);

    sealed record Fitted(
        ImmutableArray<double> Lengths,
        double Noise,
        double Height,
        double Likelihood,
        double[] Weights,
        double[,] Inverse
    );
}
