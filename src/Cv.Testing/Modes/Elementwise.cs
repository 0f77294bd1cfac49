using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Proves gradients right, or names what is wrong: each method compares the gradient with something that knows nothing of it.</summary>
/// <remarks>FsCheck has a Check too: where both are open, open this namespace last in F#, and write <c>using Check = Cv.Testing.Check;</c> in C#.</remarks>
public static partial class Check
{
    /// <summary>
    /// Compares the gradient by every float leaf, element by element, with central differences in f64. What is not a scalar is weighed into one. Kinks are seen by
    /// the branches that the values take: steps shrink until they stay on one; at a kink itself the gradient must lie between the derivatives from either side.
    /// </summary>
    /// <remarks>CS231n notes, "Gradient checks".</remarks>
    /// <example><code>
    /// Expr x = Expr.Input("x", [3]);
    /// var report = Check.Gradient(x.Tanh().Sum(), new Point(("x", [-1, 0, 2])));
    /// report.MustPass();
    /// </code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static GradientReport Gradient(Expr loss, Point at, CheckOptions? options = null) => Gradient(new Subject(loss, at, options));

    /// <summary>Compares the gradient with central differences, at random numbers that are clear of kinks.</summary>
    /// <example><code>Check.Gradient(scores.SoftmaxCrossEntropy(labels), seed: 7).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats.</exception>
    public static GradientReport Gradient(Expr loss, int seed) => Gradient(loss, Point.Random(seed, Subject.Prepare(loss)));

    internal static GradientReport Gradient(Subject subject) => subject.Report("central differences", ByElements);

    internal static IEnumerable<ElementReport> ByElements(Subject subject)
    {
        var differences = subject.Differences();
        foreach (var (name, index, claim, direction) in subject.Elements())
        {
            var derivative = differences.Along(direction, claim, subject.Floor);
            yield return subject.Judge(name, index, claim, derivative, differences.Turned);
        }
    }
}
