using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Examples.Gates;

/// <summary>Moves every element by the rate, whichever way a mean of its gradients points: c = sign(beta1 m + (1 - beta1) g), m = beta2 m + (1 - beta2) g, then w - rate c. State: "w/moment".</summary>
/// <param name="Rate">The learning rate; about a tenth of Adam's.</param>
/// <param name="Beta1">The part of the mean that the direction keeps.</param>
/// <param name="Beta2">The part of the mean that the next one keeps.</param>
/// <remarks>Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023), algorithm 2, without weight decay.</remarks>
sealed record Lion(LearningRate Rate, double Beta1 = 0.9, double Beta2 = 0.99) : Optimiser(Rate)
{
    protected override string Name => "lion";

    protected override IEnumerable<Expr> Leaves(Expr parameter) => [Zero(parameter, "moment")];

    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var direction = (Beta1 * state[0] + (1 - Beta1) * gradient).Sign();
        var moment = Beta2 * state[0] + (1 - Beta2) * gradient;
        return (parameter - RateOf(parameter) * direction, [moment]);
    }
}
