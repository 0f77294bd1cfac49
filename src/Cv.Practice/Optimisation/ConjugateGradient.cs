using Cv.Dsl;

namespace Cv.Practice;

/// <summary>
/// Goes downhill, but not back over what the step before has done: d = -g + beta d, with beta = max(0, g (g - g') / (g' g')), g' the gradient before. On a quadratic of n numbers exact line searches
/// would end in n steps. Needs four vectors of the parameters' size.
/// </summary>
/// <remarks>
/// Polak and Ribiere (1969), in the form PR+ of Nocedal and Wright, "Numerical Optimization" (2006), (5.45), with their settings for the line search, c1 = 1e-4 and c2 = 0.1. Where the direction would not
/// lead down, it starts anew.
/// </remarks>
/// <example><code>var minimum = new ConjugateGradient().Minimise(loss, state, [new("x", images), new("labels", classes)]);</code></example>
public sealed record ConjugateGradient : LineMinimiser
{
    /// <summary>Makes the method with its usual line search.</summary>
    public ConjugateGradient() => Search = new(Curvature: 0.1);

    private protected override Turn Next(Line line)
    {
        var (g, before) = (line.Gradient, line.Before);
        var square = before.Dot(before);
        // no gradient before: straight down
        var divisor = Expr.Select(square > 0.0, square, square.Like(1));
        var beta = Expr.Select(square > 0.0, (g.Dot(g - before) / divisor).Maximum(0), square.Like(0));
        var direction = beta * line.Direction - g;
        return new(ParameterVector.Select(direction.Dot(g) < 0.0, direction, -g), []);
    }

    // as long a way down as the step before, by the slopes
    private protected override double FirstStep(double slope, double stepBefore, double slopeBefore, double gradient) =>
        stepBefore > 0 ? stepBefore * slopeBefore / slope : 1 / gradient;
}
