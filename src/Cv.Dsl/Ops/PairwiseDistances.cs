namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Measures how far each row is from each row of the same tensor: [..., N, D] gives [..., N, N], with zeros on the diagonal.</summary>
    /// <remarks>The diagonal has the gradient 0, as have all rows that are equal.</remarks>
    /// <example><code>Expr spread = x.PairwiseDistances().Mean();   // f32[N,64] -> f32[]</code></example>
    /// <exception cref="ShapeException">The rows are not f32 or f64 of rank 2 or more.</exception>
    public static Expr PairwiseDistances(this Expr x) => x.PairwiseDistances(x);

    /// <summary>
    /// Measures how far each row of one tensor is from each row of another, |a_i - b_j|: [..., N, D] and [..., M, D] give [..., N, M]; leading dims are a batch and must agree.
    /// </summary>
    /// <remarks>
    /// It takes differences, and not |a|^2 - 2 a b + |b|^2, which cancels between rows that are near. Where two rows are equal, the distance is 0 and so is the gradient
    /// (<see cref="Norm(Expr, int[], bool)"/>). N x M x D operations.
    /// </remarks>
    /// <example><code>Expr distances = images.PairwiseDistances(centres);   // f32[N,64], f32[10,64] -> f32[N,10]</code></example>
    /// <exception cref="ShapeException">The two are not f32 or f64 of one dtype and rank, 2 or more, or differ in a dim but the rows.</exception>
    public static Expr PairwiseDistances(this Expr a, Expr b)
    {
        int rank = a.Shape.Rank;
        if (
            a.DType != b.DType
            || !a.DType.IsFloat()
            || rank < 2
            || b.Shape.Rank != rank
            || a.Shape.With(rank - 2, 1) != b.Shape.With(rank - 2, 1)
        )
            throw new ShapeException(
                $"pairwise_distances: both sides must be rows of one dtype, f32 or f64 [..., rows, D], that agree in all but the rows; got {a.Type} and {b.Type}. Reshape or cast one of them."
            );
        var batch = a.Shape.Dims[..^2];
        Dim n = a.Shape.Dims[^2],
            m = b.Shape.Dims[^2],
            d = a.Shape.Dims[^1];
        return (a.Reshape(new Shape([.. batch, n, 1, d])) - b.Reshape(new Shape([.. batch, 1, m, d]))).Norm(-1);
    }
}
