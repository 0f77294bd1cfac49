using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Lays values of any types end to end, as one: f32[3] and i32[2,2] give f64[7], which holds each number as it is. <see cref="Part"/> takes them out again.</summary>
public sealed record Pack : Op
{
    /// <summary>Counts the elements of all operands.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands) => Parts.Of(operands).Whole;

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        int at = 0;
        foreach (double[] operand in operands)
        {
            operand.CopyTo(result[at..]);
            at += operand.Length;
        }
    }

    /// <summary>Gives each operand its part of the cotangent.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy)
    {
        var parts = PartsOf(y);
        return [.. y.Operands.Select((o, i) => o.DType.IsFloat() ? Part.Of(parts, i, dy) : null)];
    }

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => Of(PartsOf(y), i => tangents[i]);

    /// <inheritdoc/>
    public override bool KeepsZero(Expr y, int operand) => true;

    /// <summary>Joins the values of each example; where a symbol counts them, it gives each value the axis by itself.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var (all, size) = (Batching.All(operands, batched), Batching.Size(operands, batched));
        return y.Shape.IsKnown
            ? Expr.Concat(1, [.. all.Select((x, i) => x.Reshape([size, y.Operands[i].Shape.Size]).Cast(DType.F64))])
            : Of(all);
    }

    /// <summary>Joins the operands, each as a row of f64.</summary>
    public override Expr? Expand(Expr y) =>
        y.Shape.IsKnown ? Expr.Concat(0, [.. y.Operands.Select(o => o.Reshape([o.Shape.Size]).Cast(DType.F64))]) : null;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Of([Expr.Input("a", [2, 3]), Expr.Input("b", []), Expr.Input("c", [2])])];

    internal static Expr Of(ImmutableArray<Expr> operands) => Expr.Of(new Pack(), operands);

    /// <summary>Makes what has one value that is not zero.</summary>
    internal static Expr Of(Parts parts, Func<int, Expr?> value)
    {
        var operands = ImmutableArray.CreateBuilder<Expr>(parts.Count);
        for (int i = 0; i < parts.Count; i++)
            operands.Add(value(i) ?? Expr.Const(0, parts[i].DType).BroadcastTo(parts[i].Shape));
        return Of(operands.MoveToImmutable());
    }

    static Parts PartsOf(Expr y) => Parts.Of([.. y.Operands.Select(o => o.Type)]);
}
