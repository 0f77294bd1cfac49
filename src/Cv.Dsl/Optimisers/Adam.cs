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
/// the powers of the betas, "adam/beta1_power" and "adam/beta2_power", scalars that start at 1 and that all parameters share: so these must be of one dtype.
/// </remarks>
public sealed record AdamOptimiser(LearningRate Rate, double Beta1, double Beta2, double Epsilon, bool BiasCorrection) : Optimiser(Rate)
{
    /// <inheritdoc/>
    protected override string Name => "adam";

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter, string id) =>
        [Zero(parameter, id, "moment1"), Zero(parameter, id, "moment2"), .. BiasCorrection ? Powers(parameter.DType) : []];

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        var m = Beta1 * state[0] + (1 - Beta1) * gradient;
        var v = Beta2 * state[1] + (1 - Beta2) * (gradient * gradient);
        var rate = Rate.For(parameter);
        if (!BiasCorrection)
            return (parameter - rate * m / (v.Sqrt() + Epsilon), [m, v]);
        Expr power1 = state[2] * Beta1,
            power2 = state[3] * Beta2;
        // the corrections are scalars, taken out of the elements' loop: one square root and one division an element
        Expr step = rate / (1.0 - power1),
            root = 1.0 / (1.0 - power2).Sqrt();
        return (parameter - step * m / (v.Sqrt() * root + Epsilon), [m, v, power1, power2]);
    }

    static Expr[] Powers(DType dtype) =>
        [Expr.State("adam/beta1_power", [], fill: 1, dtype), Expr.State("adam/beta2_power", [], fill: 1, dtype)];
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
