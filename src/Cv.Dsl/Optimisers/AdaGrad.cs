using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Makes the steps of an element smaller the more it has been pulled: c = c + g^2, then w - rate g / (sqrt c + epsilon). One state, "w/cache".</summary>
/// <param name="Rate">The learning rate; the size of the first step.</param>
/// <param name="Epsilon">Keeps the divisor away from 0.</param>
/// <remarks>
/// Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011); CS231n notes, "Per-parameter adaptive learning rate methods". The cache only grows, so the steps shrink
/// for ever, and learning may stop too early.
/// </remarks>
public sealed record AdaGradOptimiser(LearningRate Rate, double Epsilon) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "adagrad";

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) => [Zero(parameter, "cache")];

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var cache = state[0] + gradient * gradient;
        return (parameter - RateOf(parameter) * gradient / (cache.Sqrt() + Epsilon), [cache]);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="AdaGradOptimiser"/>
    /// <example><code>var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.AdaGrad(0.01));</code></example>
    /// <exception cref="GraphException">Epsilon is not a finite number above 0.</exception>
    public static Optimiser AdaGrad(LearningRate rate, double epsilon = 1e-8) =>
        new AdaGradOptimiser(rate, Above0("adagrad", "epsilon", epsilon, "1e-8"));
}
