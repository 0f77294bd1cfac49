using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Divides each element's step by the size of its recent gradients: c = decay c + (1 - decay) g^2, then w - rate g / (sqrt c + epsilon). One state, "w/cache".
/// </summary>
/// <param name="Rate">The learning rate.</param>
/// <param name="Decay">The part of the mean squared gradient that each step keeps.</param>
/// <param name="Epsilon">Keeps the divisor away from 0.</param>
/// <remarks>
/// Tieleman and Hinton, "Lecture 6.5: RMSProp" (2012); CS231n notes, "Per-parameter adaptive learning rate methods". Other than <see cref="AdaGradOptimiser"/>'s, the cache forgets,
/// so the steps need not shrink.
/// </remarks>
public sealed record RmsPropOptimiser(LearningRate Rate, double Decay, double Epsilon) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "rmsprop";

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) => [Zero(parameter, "cache")];

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var cache = Decay * state[0] + (1 - Decay) * (gradient * gradient);
        return (parameter - RateOf(parameter) * gradient / (cache.Sqrt() + Epsilon), [cache]);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="RmsPropOptimiser"/>
    /// <example><code>var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.RmsProp(1e-3));</code></example>
    /// <exception cref="GraphException">The decay is not in [0, 1), or epsilon is not a finite number above 0.</exception>
    public static Optimiser RmsProp(LearningRate rate, double decay = 0.99, double epsilon = 1e-8) =>
        new RmsPropOptimiser(rate, Fraction("rmsprop", "decay", decay), Above0("rmsprop", "epsilon", epsilon, "1e-8"));
}
