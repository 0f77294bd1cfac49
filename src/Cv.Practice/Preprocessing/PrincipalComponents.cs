using System.Globalization;
using System.Numerics;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;
using MathNet.Numerics.Providers.LinearAlgebra;

namespace Cv.Practice;

/// <summary>
/// Holds the principal components of training data: the orthonormal directions in which it varies, most first, and its variances along them (CS231n notes, "Data
/// Preprocessing"). They are the eigenvectors and eigenvalues of the covariance X'X / N of centred data.
/// </summary>
/// <remarks>
/// Mean and covariance are compiled, in f64. The eigenvectors are Math.NET Numerics', by its managed code; each is turned so that its largest entry is positive, since both
/// directions are right. Time grows with D^3: 3,072 values of a CIFAR-10 image take minutes.
/// </remarks>
/// <example><code>
/// var components = PrincipalComponents.Of(train);
/// double kept = components.Explained(144);         // the part of the variance that 144 of 3072 numbers keep
/// var reduced = components.Project(144).Apply(test);
/// </code></example>
public sealed class PrincipalComponents
{
    const double Rounding = 2.3e-16;

    readonly Scaling? _scaling;
    readonly Shape _sample;
    readonly double[] _mean;
    readonly double[] _variances;

    // row i is the i-th component
    readonly double[] _vectors;

    PrincipalComponents(Scaling? scaling, Shape sample, double[] mean, double[] variances, double[] vectors) =>
        (_scaling, _sample, _mean, _variances, _vectors) = (scaling, sample, mean, variances, vectors);

    /// <summary>Counts the values of an example, and the components: D.</summary>
    public int Size => _mean.Length;

    /// <summary>Gives the mean of each value.</summary>
    public ReadOnlySpan<double> Mean => _mean;

    /// <summary>Gives the variance along each component, descending; none is negative.</summary>
    public ReadOnlySpan<double> Variances => _variances;

    /// <summary>Gives a component, a direction of length 1: D numbers. As a picture, these are the "eigenfaces" of the notes.</summary>
    public ReadOnlySpan<double> Component(int index) => _vectors.AsSpan(index * Size, Size);

    /// <summary>Finds the components of training data. Bytes are scaled first, by <see cref="Scaling.Unit"/> unless said; features take no scaling.</summary>
    /// <exception cref="DataException">There are no examples, or a number is not finite.</exception>
    public static PrincipalComponents Of(Examples train, Scaling? scaling = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        int size = train.SampleSize;
        var mean = Moments.Mean(train, scaling);
        var covariance = Moments.Covariance(train, scaling, mean);
        if (!Array.TrueForAll(covariance, double.IsFinite))
            throw new DataException($"{train.Name}: expected finite numbers, found NaN or infinity in their covariance. Look at the data.");
        var columns = new double[covariance.Length];
        var ascending = new Complex[size];
        ManagedLinearAlgebraProvider.Instance.EigenDecomp(true, size, covariance, columns, ascending, new double[covariance.Length]);
        // the library's columns, in ascending order, are our rows from the last to the first
        var vectors = new double[columns.Length];
        for (int i = 0; i < size; i++)
        {
            var column = columns.AsSpan((size - 1 - i) * size, size);
            double largest = 0;
            foreach (double entry in column)
                largest = Math.Abs(entry) > Math.Abs(largest) ? entry : largest;
            for (int j = 0; j < size; j++)
                vectors[i * size + j] = largest < 0 ? -column[j] : column[j];
        }
        // where nothing varies, rounding leaves some 1e-16 of the largest variance, of either sign
        double least = size * Rounding * ascending[^1].Real;
        return new(scaling, train.SampleShape, mean, [.. ascending.Reverse().Select(v => v.Real > least ? v.Real : 0)], vectors);
    }

    /// <summary>Gives the part of the variance that the first components hold, 0 to 1.</summary>
    public double Explained(int components) =>
        _variances.Sum() is var all && all > 0 ? _variances.Take(Checked(components)).Sum() / all : 1;

    /// <summary>Rotates examples to their first components, and drops the others: D values become [components], uncorrelated on the training set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The components are not 1 to D.</exception>
    public LinearMap Project(int components) =>
        new(_scaling, _mean, Rotation(Checked(components), _ => 1), [components], $"projection to {components} of {Size} components");

    /// <summary>
    /// Rotates examples to their first components, and divides each by its deviation there: sqrt(variance + epsilon). On the training set the covariance becomes the
    /// identity, but for epsilon, which keeps directions of little variance, noise mostly, from becoming large.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The components are not 1 to D, or epsilon is negative.</exception>
    public LinearMap Whiten(int components, double epsilon = 1e-5) =>
        new(
            _scaling,
            _mean,
            Rotation(Checked(components), Deviation(epsilon)),
            [components],
            $"PCA whitening to {components} of {Size} components, epsilon {Number(epsilon)}"
        );

    /// <summary>
    /// Whitens, and rotates back: of all whitenings the one that changes examples least, so that images stay images (A. Bell, T. Sejnowski, 1997; A. Krizhevsky, 2009).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Epsilon is negative.</exception>
    public LinearMap WhitenZca(double epsilon = 1e-5)
    {
        var (white, back) = (Expr.Input("white", [Size, Size], DType.F64), Expr.Input("back", [Size, Size], DType.F64));
        using var rotation = Tensor.From([Size, Size], Rotation(Size, Deviation(epsilon)));
        using var vectors = Tensor.From([Size, Size], _vectors);
        using var matrix = Compile.Function(white.MatMul(back)).Call(new Binding("white", rotation), new Binding("back", vectors))[0];
        return new(_scaling, _mean, matrix.ToArray<double>(), _sample, $"ZCA whitening of {Size} values, epsilon {Number(epsilon)}");
    }

    // column i is the i-th component, divided
    double[] Rotation(int components, Func<double, double> divisor)
    {
        var matrix = new double[Size * components];
        for (int i = 0; i < components; i++)
        for (int j = 0; j < Size; j++)
            matrix[j * components + i] = _vectors[i * Size + j] / divisor(_variances[i]);
        return matrix;
    }

    // a direction without any variance holds zeros: dividing them by 1 keeps them
    static Func<double, double> Deviation(double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epsilon);
        return variance => variance + epsilon > 0 ? Math.Sqrt(variance + epsilon) : 1;
    }

    int Checked(int components)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(components, Size);
        return components;
    }

    static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
