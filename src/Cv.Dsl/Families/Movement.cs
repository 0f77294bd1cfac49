using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>The family of ops that only move elements; dtype is unchanged, and the gradient moves them back.</summary>
public abstract record Movement : Op
{
    /// <summary>Gives, for each element of the result, where it stands in the operand; -1 reads as 0.</summary>
    protected internal abstract int[] Sources(Shape from, Shape to);

    /// <summary>Moves the tangent as it moves the elements.</summary>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <summary>Moves the mask as it moves the elements.</summary>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0 ? mask : y.With([mask.BroadcastTo(y.Operands[0].Shape)]);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <summary>Moves a mask back as the gradient moves a cotangent, for a movement that adds none up.</summary>
    private protected Expr? MovedBack(Expr y, Expr? mask) =>
        mask is null || mask.Shape.Rank == 0 ? mask : Vjp(y, mask.BroadcastTo(y.Shape))[0];

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        var sources = Sources(y.Operands[0].Shape, y.Shape);
        for (int i = 0; i < sources.Length; i++)
            result[i] = sources[i] < 0 ? 0 : operands[0][sources[i]];
    }
}
