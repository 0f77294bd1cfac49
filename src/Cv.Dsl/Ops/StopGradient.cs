using System.Collections.Immutable;
using System.Linq.Expressions;

namespace Cv.Dsl;

/// <summary>Passes each element on and lets no gradient through. Shape and dtype unchanged.</summary>
/// <example><code>Expr shifted = x - x.Max([1], keepDims: true).StopGradient();</code></example>
public sealed record StopGradient : Elementwise
{
    /// <summary>Keeps the type.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => operands[0];

    /// <inheritdoc/>
    public override LambdaExpression Scalar => Rule(x => x);

    /// <summary>Stays, for a derivative.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => null;

    /// <summary>Is the identity: gone when the graph is compiled, after gradients were taken.</summary>
    public override Expr? Expand(Expr y) => y.Operands[0];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).StopGradient()];
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.StopGradient"/>
    public static Expr StopGradient(this Expr x) => Expr.Of(new StopGradient(), x);
}
