using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Examples.Gates;

/// <summary>Makes the steps of an element smaller the more it has been pulled: c = c + g^2, then w - rate g / (sqrt c + epsilon). State: "w/cache".</summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Epsilon">Keeps the divisor away from 0.</param>
/// <remarks>Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011); CS231n notes, "Per-parameter adaptive learning rate methods".</remarks>
sealed record AdaGrad(LearningRate Rate, double Epsilon = 1e-7) : Optimiser
{
    protected override string Name => "adagrad";

    protected override IEnumerable<Expr> Leaves(Expr parameter, string id) => [Zero(parameter, id, "cache")];

    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var cache = state[0] + gradient * gradient;
        return (parameter - Rate.For(parameter) * gradient / (cache.Sqrt() + Epsilon), [cache]);
    }
}
