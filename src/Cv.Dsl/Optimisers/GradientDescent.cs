using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Steps against the gradient: w - rate g. No state.</summary>
/// <param name="Rate">The learning rate.</param>
/// <remarks>CS231n notes, "Parameter updates", vanilla update.</remarks>
public sealed record GradientDescentOptimiser(LearningRate Rate) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "gradient_descent";

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state) =>
        (parameter - RateOf(parameter) * gradient, []);
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="GradientDescentOptimiser"/>
    public static Optimiser GradientDescent(LearningRate rate) => new GradientDescentOptimiser(rate);
}
