using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Lets weights fade beside another optimiser's step: w' - rate decay w, where w' is what the step gives. The gradient knows nothing of it, other than of a penalty. Weights are parameters
/// whose name ends in ".w"; biases do not fade.
/// </summary>
/// <param name="Inner">The other optimiser.</param>
/// <param name="Decay">The part that a rate of 1 would take away.</param>
/// <remarks>Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithms 1 and 2, with the schedule's rate for both terms, as is usual.</remarks>
public sealed record WeightDecayOptimiser(Optimiser Inner, double Decay) : WrappedOptimiser(Inner)
{
    /// <inheritdoc/>
    protected override string Name => "weight_decay";

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var (next, nextState) = base.Step(parameter, gradient, state);
        return (parameter.Op is Parameter { IsWeight: true } ? next - RateOf(parameter) * Decay * parameter : next, nextState);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="WeightDecayOptimiser"/>
    /// <param name="decay">The part that a rate of 1 would take away, in [0, 1).</param>
    /// <example><code>var optimiser = Optimiser.Momentum(0.1).WeightDecay(5e-4);</code></example>
    /// <exception cref="GraphException">The decay is not in [0, 1).</exception>
    public Optimiser WeightDecay(double decay) => new WeightDecayOptimiser(this, Fraction("weight_decay", "the decay", decay));

    /// <summary>Steps as <see cref="Adam"/>, and lets weights fade beside it: w - rate (adam's direction + decay w).</summary>
    /// <param name="rate">The learning rate.</param>
    /// <param name="decay">The part of a weight that a rate of 1 would take away, in [0, 1).</param>
    /// <param name="beta1">The part of the mean gradient that each step keeps.</param>
    /// <param name="beta2">The part of the mean squared gradient that each step keeps.</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <remarks>Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2.</remarks>
    /// <example><code>var optimiser = Optimiser.AdamW(Schedule.Cosine(1e-3, steps), decay: 0.05);</code></example>
    /// <exception cref="GraphException">The decay or a beta is not in [0, 1), or epsilon is not a finite number above 0.</exception>
    public static Optimiser AdamW(
        LearningRate rate,
        double decay = 0.01,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8
    ) => Adam(rate, beta1, beta2, epsilon).WeightDecay(decay);
}
