using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Lets the parameter roll downhill: v = mu v - rate g, then w + v. One state, "w/velocity".</summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Mu">The part of the velocity that each step keeps.</param>
/// <remarks>CS231n notes, "Parameter updates", momentum update.</remarks>
public sealed record MomentumOptimiser(LearningRate Rate, double Mu) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "momentum";

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) => [Zero(parameter, "velocity")];

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var v = Mu * state[0] - RateOf(parameter) * gradient;
        return (parameter + v, [v]);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="MomentumOptimiser"/>
    /// <exception cref="GraphException">mu is not in [0, 1).</exception>
    public static Optimiser Momentum(LearningRate rate, double mu = 0.9) => new MomentumOptimiser(rate, Fraction("momentum", "mu", mu));
}
