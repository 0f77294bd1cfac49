using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Does what another optimiser does, and something before or after it.</summary>
/// <param name="Inner">The other.</param>
public abstract record WrappedOptimiser(Optimiser Inner) : Optimiser(Inner.Rate)
{
    /// <inheritdoc/>
    public override Optimiser Named(string name) => (WrappedOptimiser)base.Named(name) with { Inner = Inner.Named(name) };

    /// <inheritdoc/>
    public override ImmutableArray<Expr> Prepare(ImmutableArray<Expr> gradients) => Inner.Prepare(gradients);

    /// <inheritdoc/>
    public override Expr? AverageOf(Expr parameter) => Inner.AverageOf(parameter);

    /// <summary>Gives the count of the other: one for both.</summary>
    protected internal override Expr Taken(Expr parameter) => Inner.Taken(parameter);

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) => Inner.Init(parameter);

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state) =>
        Inner.Update(parameter, gradient, state);
}
