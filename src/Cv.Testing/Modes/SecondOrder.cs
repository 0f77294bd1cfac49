using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>
    /// Checks the second derivative along random directions v: the gradient of (gradient . v), element by element, is how the gradient moves along v, forward over
    /// reverse. What is not a scalar is weighed into one.
    /// </summary>
    /// <example><code>Check.SecondOrder(loss, at).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static GradientReport SecondOrder(Expr loss, Point at, int directions = 2, CheckOptions? options = null) =>
        SecondOrder(new Subject(loss, at, options), directions);

    /// <summary>Checks that the matrix of second derivatives H is symmetric, as it is wherever they are continuous: u . H v = v . H u for random u and v.</summary>
    /// <example><code>Check.HessianSymmetry(loss, at).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static GradientReport HessianSymmetry(Expr loss, Point at, int directions = 3, CheckOptions? options = null) =>
        HessianSymmetry(new Subject(loss, at, options), directions);

    internal static GradientReport SecondOrder(Subject subject, int directions = 2) =>
        subject.Report("forward over reverse", part => ByForwardOverReverse(part, directions));

    internal static GradientReport HessianSymmetry(Subject subject, int directions = 3) =>
        subject.Report("its transpose", part => BySymmetry(part, directions));

    static IEnumerable<ElementReport> ByForwardOverReverse(Subject subject, int directions)
    {
        if (subject.Leaves.IsEmpty)
            yield break;
        Expr[] leaves = [.. subject.Leaves];
        foreach (var (name, v) in subject.Directions(directions))
        {
            var along = subject.Along(v);
            var forward = Jvp.Of(subject.GradientGraphs(), leaves, subject.Literals(v), Unreached.Zero);
            var walk = new Walk([.. forward]);
            double[][] values = walk.Run(subject.At);
            foreach (var (leaf, index, claim, _) in along.Elements())
            {
                double moved = values[walk.PlaceOf(forward[subject.PlaceOf(leaf)])][index];
                yield return along.Judge($"H {name}, {leaf}", index, claim, new Derivative(moved, 1e-10 * Math.Abs(moved)));
            }
        }
    }

    static IEnumerable<ElementReport> BySymmetry(Subject subject, int directions)
    {
        var drawn = subject.Directions(directions + 1).ToList();
        foreach (var ((_, u), (name, v)) in drawn.Zip(drawn.Skip(1)))
        {
            double uHv = subject.Along(v).Slope(u),
                vHu = subject.Along(u).Slope(v);
            yield return subject.Judge($"u.Hv, {name}", -1, uHv, new Derivative(vHu, 1e-10 * Math.Abs(vHu)));
        }
    }
}
