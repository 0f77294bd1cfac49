using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>
    /// Compares the two directions of differentiation: for random u and w, the product of w with the way back of u is the product of u with the way forward of w. Their
    /// rules are written apart, so that each checks the other, without a step and for whole tensors at once.
    /// </summary>
    /// <remarks>Claerbout, "Earth Soundings Analysis" (1992), "The dot-product test".</remarks>
    /// <example><code>Check.DotProduct(images.Conv2d(filters), at).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static GradientReport DotProduct(Expr y, Point at, int directions = 3, CheckOptions? options = null) =>
        DotProduct(new Subject(y, at, options), directions);

    internal static GradientReport DotProduct(Subject subject, int directions = 3) =>
        subject.Report("the way forward", part => ByDotProducts(part, directions));

    static IEnumerable<ElementReport> ByDotProducts(Subject subject, int directions)
    {
        if (subject.Leaves.IsEmpty)
            yield break;
        foreach (var (name, w) in subject.Directions(directions))
        {
            var tangent = Jvp.Of(subject.Y, [.. subject.Leaves], subject.Literals(w), Unreached.Zero);
            double forward = new Walk(tangent).Run(subject.At)[^1].Zip(subject.Weights, (t, u) => t * u).Sum();
            yield return subject.Judge(
                $"<w, vjp u> along {name}",
                -1,
                subject.Slope(w),
                new Derivative(forward, 1e-11 * Math.Abs(forward))
            );
        }
    }
}
