using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Brings each element of the gradient into [-limit, limit] before another optimiser moves along it.</summary>
/// <param name="Inner">The other optimiser.</param>
/// <param name="Limit">The largest magnitude that is kept.</param>
public sealed record ClipValueOptimiser(Optimiser Inner, double Limit) : WrappedOptimiser(Inner)
{
    /// <inheritdoc/>
    protected override string Name => "clip_value";

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state) =>
        base.Step(parameter, gradient.Maximum(-Limit).Minimum(Limit), state);
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="ClipValueOptimiser"/>
    /// <param name="limit">The largest magnitude that is kept.</param>
    /// <example><code>var optimiser = Optimiser.Adam(1e-3).ClipValue(5);</code></example>
    /// <exception cref="GraphException">The limit is not a finite number above 0.</exception>
    public Optimiser ClipValue(double limit) => new ClipValueOptimiser(this, Above0("clip_value", "the limit", limit, "5"));
}
