using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Practice;

/// <summary>
/// Goes as Newton's method would, by an estimate of the Hessian's inverse from the last steps and the changes of the gradient along them. Needs 2 memory + 4 vectors of the parameters' size.
/// </summary>
/// <param name="Memory">The steps that it remembers, at least 1.</param>
/// <remarks>
/// Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989); Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 (the recursion of two loops) and 7.5, with
/// the first estimate of (7.20). The whole recursion is one compiled graph.
/// </remarks>
/// <example><code>var minimum = new Lbfgs(memory: 20).Minimise(loss, state, [new("x", images), new("labels", classes)], new() { Iterations = 200 });</code></example>
public sealed record Lbfgs(int Memory) : LineMinimiser
{
    /// <summary>Makes the method with the usual memory, ten steps.</summary>
    public Lbfgs()
        : this(10) { }

    private protected override Turn Next(Line line)
    {
        if (Memory < 1)
            throw new GraphException($"lbfgs: the memory must be at least 1 step; got {Memory}. 10 is usual.");
        var g = line.Gradient;
        // a step s, the change y of the gradient along it, and 1 / (s y); an empty place has 0 for that, and does nothing
        var steps = Slots(i => ParameterVector.States(line.Parameters.Parts, $"step{i}"));
        var changes = Slots(i => ParameterVector.States(line.Parameters.Parts, $"change{i}"));
        var curvatures = Slots(i => Expr.State($"minimise/curvature{i}", [], 0, DType.F64));
        var scale = Expr.State("minimise/scale", [], 0, DType.F64);

        ParameterVector step = line.Parameters - line.Start,
            change = g - line.Before;
        Expr along = step.Dot(change),
            square = change.Dot(change);
        var useful = along > 1e-10 * square;
        var one = along.Like(1);
        ImmutableArray<ParameterVector> s = [step, .. steps[..^1]],
            y = [change, .. changes[..^1]];
        ImmutableArray<Expr> rho = [Expr.Select(useful, one / Expr.Select(useful, along, one), along.Like(0)), .. curvatures[..^1]];
        var gamma = Expr.Select(useful, along / Expr.Select(useful, square, one), scale);

        // algorithm 7.4
        var q = g;
        var alpha = new Expr[Memory];
        for (int i = 0; i < Memory; i++)
        {
            alpha[i] = rho[i] * s[i].Dot(q);
            q -= alpha[i] * y[i];
        }
        var r = Expr.Select(gamma > 0.0, gamma, one) * q;
        for (int i = Memory - 1; i >= 0; i--)
            r += (alpha[i] - rho[i] * y[i].Dot(r)) * s[i];

        return new(
            ParameterVector.Select(r.Dot(g) > 0.0, -r, -g),
            [
                .. steps.Zip(s).SelectMany(p => p.First.Becomes(p.Second)),
                .. changes.Zip(y).SelectMany(p => p.First.Becomes(p.Second)),
                .. curvatures.Zip(rho),
                (scale, gamma),
            ]
        );
    }

    ImmutableArray<T> Slots<T>(Func<int, T> make) => [.. Enumerable.Range(0, Memory).Select(make)];

    // the direction has the length of a Newton step, once there is an estimate
    private protected override double FirstStep(double slope, double stepBefore, double slopeBefore, double gradient) =>
        stepBefore > 0 ? 1 : Math.Min(1, 1 / gradient);
}
