using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Gives each element a step of its own size: m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, then w - rate m / (sqrt v + epsilon), with m and v
/// divided by 1 - beta1^t and 1 - beta2^t first, unless <paramref name="BiasCorrection"/> is off.
/// </summary>
/// <param name="Rate">The learning rate; with bias correction about the size of the first step.</param>
/// <param name="Beta1">The part of the mean gradient that each step keeps.</param>
/// <param name="Beta2">The part of the mean squared gradient that each step keeps.</param>
/// <param name="Epsilon">Keeps the divisor away from 0.</param>
/// <param name="BiasCorrection">Whether the means are scaled up while they still remember their start at 0.</param>
/// <remarks>
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2014), algorithm 1. State: "w/moment1", "w/moment2", and with bias correction
/// the powers of the betas, "w/beta1_power" and "w/beta2_power", scalars that start at 1: each parameter counts its own steps.
/// </remarks>
public sealed record AdamOptimiser(LearningRate Rate, double Beta1, double Beta2, double Epsilon, bool BiasCorrection) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "adam";

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) =>
        BiasCorrection
            ? [Zero(parameter, "moment1"), Zero(parameter, "moment2"), Power(parameter, 1), Power(parameter, 2)]
            : [Zero(parameter, "moment1"), Zero(parameter, "moment2")];

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var m = Beta1 * state[0] + (1 - Beta1) * gradient;
        var v = Beta2 * state[1] + (1 - Beta2) * (gradient * gradient);
        var rate = RateOf(parameter);
        if (!BiasCorrection)
            return (parameter - rate * m / (v.Sqrt() + Epsilon), [m, v]);
        Expr power1 = state[2] * Beta1,
            power2 = state[3] * Beta2;
        // the corrections are scalars, taken out of the elements' loop: one square root and one division an element
        Expr step = rate / (1.0 - power1),
            root = 1.0 / (1.0 - power2).Sqrt();
        return (parameter - step * m / (v.Sqrt() * root + Epsilon), [m, v, power1, power2]);
    }

    Expr Power(Expr parameter, int beta) => Keep(parameter, $"beta{beta}_power", new(parameter.DType, Shape.Scalar), fill: 1);
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="AdamOptimiser"/>
    /// <exception cref="GraphException">A beta is not in [0, 1), or epsilon is not a finite number above 0.</exception>
    public static Optimiser Adam(
        LearningRate rate,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        bool biasCorrection = true
    ) =>
        new AdamOptimiser(
            rate,
            Fraction("adam", "beta1", beta1),
            Fraction("adam", "beta2", beta2),
            Above0("adam", "epsilon", epsilon, "1e-8"),
            biasCorrection
        );
}
