using Cv.Dsl;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>
    /// Compares the gradient along random directions that move every leaf at once with central differences: one pair of runs for each direction, however many
    /// parameters there are.
    /// </summary>
    /// <example><code>Check.Directional(loss, at, directions: 4).MustPass();</code></example>
    /// <exception cref="GraphException">The node is not of floats, or the point does not fit it.</exception>
    public static GradientReport Directional(Expr loss, Point at, int directions = 3, CheckOptions? options = null) =>
        Directional(new Subject(loss, at, options), directions);

    internal static GradientReport Directional(Subject subject, int directions = 3) =>
        subject.Report("directional differences", part => ByDirections(part, directions));

    static IEnumerable<ElementReport> ByDirections(Subject subject, int directions)
    {
        var differences = subject.Differences();
        foreach (var (name, direction) in subject.Directions(directions))
        {
            double claim = subject.Slope(direction);
            var derivative = differences.Along(direction, claim, subject.Floor);
            yield return subject.Judge(name, -1, claim, derivative, differences.Turned);
        }
    }
}
