using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Rolls downhill and looks ahead: v' = mu v - rate g, then w - mu v + (1 + mu) v'. One state, "w/velocity".
/// </summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Mu">The part of the velocity that each step keeps.</param>
/// <remarks>
/// CS231n notes, "Parameter updates", Nesterov momentum, in the form that stores the point looked ahead at, so that the gradient is taken where the
/// parameter stands.
/// </remarks>
public sealed record NesterovOptimiser(LearningRate Rate, double Mu) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "nesterov";

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) => [Zero(parameter, "velocity")];

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var before = state[0];
        var v = Mu * before - RateOf(parameter) * gradient;
        return (parameter - Mu * before + (1 + Mu) * v, [v]);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="NesterovOptimiser"/>
    /// <exception cref="GraphException">mu is not in [0, 1).</exception>
    public static Optimiser Nesterov(LearningRate rate, double mu = 0.9) => new NesterovOptimiser(rate, Fraction("nesterov", "mu", mu));
}
