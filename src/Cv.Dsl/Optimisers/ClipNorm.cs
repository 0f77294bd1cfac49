using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Makes all gradients smaller together, where their norm as one long vector is larger than a limit: g limit / max(norm, limit). The direction stays.
/// </summary>
/// <param name="Inner">The optimiser that moves along them.</param>
/// <param name="Limit">The largest norm that is kept.</param>
/// <remarks>
/// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1. The norm is that of the gradients as the loss gives them, penalty
/// included: a <see cref="Optimiser.ClipValue"/> comes after it, wherever it stands in the chain. <see cref="Optimiser.Update"/> sees one parameter and clips nothing.
/// </remarks>
public sealed record ClipNormOptimiser(Optimiser Inner, double Limit) : WrappedOptimiser(Inner)
{
    /// <inheritdoc/>
    protected override string Name => "clip_norm";

    /// <inheritdoc/>
    public override ImmutableArray<Expr> Prepare(ImmutableArray<Expr> gradients)
    {
        if (gradients.IsEmpty)
            return gradients;
        var type = gradients[0].DType;
        var norm = gradients.Select(g => g.L2().Cast(type)).Aggregate((sum, next) => sum + next).Sqrt();
        var scale = Limit / norm.Maximum(Limit);
        return base.Prepare([.. gradients.Select(g => g * scale.Cast(g.DType))]);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="ClipNormOptimiser"/>
    /// <param name="limit">The largest norm that is kept.</param>
    /// <example><code>var optimiser = Optimiser.Momentum(0.1).ClipNorm(1);</code></example>
    /// <exception cref="GraphException">The limit is not a finite number above 0.</exception>
    public Optimiser ClipNorm(double limit) => new ClipNormOptimiser(this, Above0("clip_norm", "the limit", limit, "1"));
}
