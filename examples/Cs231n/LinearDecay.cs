using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>
/// Lets another optimiser's learning rate fall in a straight line, from its first value to 0 after so many steps. It is an optimiser too: the number of
/// steps taken is a state of the graph, and the rate is computed in the training step.
/// </summary>
/// <param name="Inner">Makes the optimiser that moves the parameters, at the rate of the moment.</param>
/// <param name="First">The rate of the first step.</param>
/// <param name="Steps">The steps after which nothing moves any more.</param>
/// <remarks>CS231n notes, "Annealing the learning rate".</remarks>
sealed record LinearDecay(Func<LearningRate, Optimiser> Inner, double First, long Steps) : Optimiser
{
    static readonly Expr Taken = Expr.State("decay/steps", []);

    protected override string Name => "linear_decay";

    Optimiser Now => Inner(First * (1.0 - Taken / Steps).Maximum(0));

    // all parameters share the counter: it is one and the same leaf
    protected override IEnumerable<Expr> Leaves(Expr parameter, string id) => [.. Now.Init(parameter), Taken];

    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var (next, nextState) = Now.Update(parameter, gradient, state[..^1]);
        return (next, [.. nextState, Taken + 1f]);
    }
}
