using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Multiplies matrices: [..., M, K] by [..., K, N] gives [..., M, N]; leading dims are a batch and must agree.</summary>
/// <remarks>
/// f32 or f64. Each result is one chain of fused multiply-adds in ascending k, or, of more than 4,096 terms, a sum of such chains of 16, whatever the number of threads.
/// </remarks>
public sealed record MatMul : Op
{
    /// <inheritdoc/>
    public override string Name => "matmul";

    /// <summary>Checks dtype, ranks, batch dims and inner sizes.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (a, b) = (operands[0], operands[1]);
        var type = Elementwise.SameFloat(Name, operands);
        if (a.Shape.Rank < 2 || b.Shape.Rank < 2)
            throw new ShapeException(
                $"{Name}: both sides must have rank 2 or more; got {a} and {b}. Make a vector a matrix: Reshape(1, n) or Reshape(n, 1)?"
            );
        if (a.Shape.Rank != b.Shape.Rank)
            throw new ShapeException($"{Name}: ranks must agree; got {a} and {b}. Broadcast the smaller side over the batch dims?");
        int rank = a.Shape.Rank;
        for (int axis = 0; axis < rank - 2; axis++)
            if (a.Shape[axis] != b.Shape[axis])
                throw new ShapeException(
                    $"{Name}: batch dims must agree; got {a} and {b} ({a.Shape[axis]} != {b.Shape[axis]} at axis {axis}). Broadcast one side?"
                );
        if (a.Shape[rank - 1] != b.Shape[rank - 2])
            throw new ShapeException(
                $"{Name}: inner sizes must agree; got {a} and {b} ({a.Shape[rank - 1]} != {b.Shape[rank - 2]}).{Fix(a.Shape, b.Shape)}"
            );
        return new(type, a.Shape.With(rank - 1, b.Shape[rank - 1]));
    }

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        var (a, b) = (operands[0], operands[1]);
        int n = y.Shape.Dims[^1].Value,
            m = y.Shape.Dims[^2].Value,
            inner = y.Operands[0].Shape.Dims[^1].Value;
        for (int i = 0; i < result.Length; i++)
        {
            int column = i % n,
                row = i / n,
                batch = row / m;
            double sum = 0;
            for (int k = 0; k < inner; k++)
                sum += a[row * inner + k] * b[(batch * inner + k) * n + column];
            result[i] = sum;
        }
    }

    /// <summary>Multiplies the cotangent by the other operand, transposed: dA = dY B^T, dB = A^T dY.</summary>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy.MatMul(y.Operands[1].T()), y.Operands[0].T().MatMul(dy)];

    /// <inheritdoc/>
    public override Expr? Jvp(Expr y, ImmutableArray<Expr?> tangents) => ProductRule(y, tangents);

    /// <summary>Forgets a mask, unless it is one for all: a sum of products mixes elements, and its factors are not masked.</summary>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => mask?.Shape.Rank == 0 ? mask : null;

    /// <inheritdoc/>
    public override Expr? MaskOfResult(Expr y, int operand, Expr? mask) => MaskOfOperand(y, operand, mask);

    /// <summary>Gives the rows of all examples to one product where they share the right side; else the axis is one more of the batch.</summary>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched)
    {
        var (a, b) = (operands[0], operands[1]);
        if (!batched[1] && a.Shape.Rank == 3 && Batching.MergeFirst(a) is { } rows)
            return rows.MatMul(b).Reshape(Batching.Of(a.Shape[0], y.Shape));
        return Expr.Of(this, Batching.All(operands, batched));
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var (a, b) = (Expr.Input("a", [2, 3]), Expr.Input("b", [3, 4]));
        return [a.MatMul(b), Expr.Input("p", [2, 1, 3]).MatMul(Expr.Input("q", [2, 3, 2])), b.T().MatMul(a.T())];
    }

    static string Fix(Shape a, Shape b)
    {
        int rank = a.Rank;
        if (a[rank - 1] == b[rank - 1])
            return " Transpose the second?";
        return a[rank - 2] == b[rank - 2] ? " Transpose the first?" : " The first's columns must be as many as the second's rows.";
    }
}

public static partial class Verbs
{
    /// <inheritdoc cref="Dsl.MatMul"/>
    /// <example><code>Expr scores = x.MatMul(w) + b;   // f32[N,784] by f32[784,10], b f32[1,10]</code></example>
    public static Expr MatMul(this Expr a, Expr b) => Expr.Of(new MatMul(), a, b);
}
