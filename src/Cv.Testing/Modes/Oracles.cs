using Cv.Dsl;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>
    /// Compares the gradient, element by element, with an interpreter of dual numbers, which has no step and no rounding to speak of, and knows nothing of the
    /// rules that are checked.
    /// </summary>
    /// <example><code>Check.Dual(scores.SoftmaxCrossEntropy(labels), at).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, the point does not fit it, or an op is unknown to dual numbers.</exception>
    public static GradientReport Dual(Expr loss, Point at, CheckOptions? options = null) => Dual(new Subject(loss, at, options));

    /// <summary>
    /// Compares the gradient, element by element, with the complex step, Im f(x + ih) / h: as exact as the function itself, where its ops are analytic between their
    /// kinks.
    /// </summary>
    /// <example><code>Check.ComplexStep((x * w).Tanh().Sum(), at).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, the point does not fit it, or a function has no complex form here.</exception>
    public static GradientReport ComplexStep(Expr loss, Point at, CheckOptions? options = null) =>
        ComplexStep(new Subject(loss, at, options));

    internal static GradientReport Dual(Subject subject) => subject.Report("dual numbers", part => ByOracle(new DualNumbers(), part));

    internal static GradientReport ComplexStep(Subject subject) =>
        subject.Report("the complex step", part => ByOracle(new ComplexNumbers(), part));

    static IEnumerable<ElementReport> ByOracle<T>(Infinitesimals<T> numbers, Subject subject)
    {
        var oracle = new Oracle<T>(numbers, subject.Y, subject.At);
        foreach (var (name, index, claim, direction) in subject.Elements())
        {
            double slope = oracle.Along(direction).Zip(subject.Weights, (d, w) => d * w).Sum();
            yield return subject.Judge(name, index, claim, new Derivative(slope, 1e-11 * Math.Abs(slope)));
        }
    }
}
