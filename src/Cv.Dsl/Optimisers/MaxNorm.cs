using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Keeps the weights of each unit within a ball: after a step, those whose norm is larger than a limit are scaled back to it, w limit / max(norm, limit). Weights are parameters whose
/// name ends in ".w"; a unit's are those of one place along the last axis, a column of a dense layer's or one filter.
/// </summary>
/// <param name="Inner">The optimiser that takes the step.</param>
/// <param name="Limit">The largest norm of a unit's weights.</param>
/// <remarks>Srebro, Rennie and Jaakkola, "Maximum-Margin Matrix Factorization" (2005); CS231n notes, "Regularization", max norm constraints: 3 or 4 are typical.</remarks>
public sealed record MaxNormOptimiser(Optimiser Inner, double Limit) : WrappedOptimiser(Inner)
{
    /// <inheritdoc/>
    protected override string Name => "max_norm";

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var (next, nextState) = base.Step(parameter, gradient, state);
        if (parameter is not { Op: Parameter { IsWeight: true }, Shape.Rank: > 1 })
            return (next, nextState);
        var norm = next.Pow(2).Sum([.. Enumerable.Range(0, next.Shape.Rank - 1)], keepDims: true).Sqrt();
        return (next * (Limit / norm.Maximum(Limit)), nextState);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="MaxNormOptimiser"/>
    /// <param name="limit">The largest norm of a unit's weights.</param>
    /// <example><code>var optimiser = Optimiser.Momentum(0.1).MaxNorm(3);</code></example>
    /// <exception cref="GraphException">The limit is not a finite number above 0.</exception>
    public Optimiser MaxNorm(double limit) => new MaxNormOptimiser(this, Above0("max_norm", "the limit", limit, "3"));
}
