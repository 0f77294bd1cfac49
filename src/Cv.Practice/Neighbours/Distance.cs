using Cv.Dsl;

namespace Cv.Practice;

/// <summary>
/// Says how far examples are from each other: a graph from rows f32[B,D] and rows f32[M,D] to all their distances f32[B,M]. One of one's own is a lambda.
/// </summary>
/// <param name="Name">Names the distance in messages.</param>
/// <param name="Between">Makes the graph. What it gives need only be in the order of the distances.</param>
/// <param name="Finish">Makes the distance of what the graph gives, without changing the order; nothing unless given.</param>
/// <param name="BlockBytes">
/// How many bytes of training rows are compared with at once. A graph that reads the rows again for each query wants what fits a core's second cache; a product of matrices
/// keeps its own order in the caches, and wants more.
/// </param>
/// <example><code>
/// var largest = new Distance("largest difference", (a, b) =>
///     (a.Reshape([a.Shape[0], 1, a.Shape[1]]) - b.Reshape([1, b.Shape[0], b.Shape[1]])).Abs().Max(2));
/// </code></example>
public sealed record Distance(string Name, Func<Expr, Expr, Expr> Between, Func<float, float>? Finish = null, int BlockBytes = 3 << 17)
{
    /// <summary>
    /// Gives the sum of the absolute differences (CS231n notes, "Nearest Neighbor Classifier"). The differences are made, folded and forgotten in one kernel.
    /// </summary>
    public static Distance L1 { get; } =
        new("L1", (a, b) => (a.Reshape([a.Shape[0], 1, a.Shape[1]]) - b.Reshape([1, b.Shape[0], b.Shape[1]])).Abs().Sum(2));

    /// <summary>
    /// Gives the root of the sum of squared differences, by |a - b|^2 = |a|^2 + |b|^2 - 2 a b: one product of matrices. Neighbours are compared before the root is taken;
    /// differences below about 10^-6 of |a|^2 + |b|^2 are lost to rounding.
    /// </summary>
    public static Distance L2 { get; } = new("L2", SquaredDistances, squared => MathF.Sqrt(MathF.Max(0, squared)), BlockBytes: 12 << 20);

    /// <summary>Gives 1 - the cosine of the angle between two examples, for rows that are not 0.</summary>
    public static Distance Cosine { get; } =
        new(
            "cosine",
            (a, b) => 1 - a.MatMul(b.Transpose(1, 0)) / (Norms(a).Sqrt() * Norms(b).Sqrt().Reshape([1, b.Shape[0]])),
            BlockBytes: 12 << 20
        );

    static Expr SquaredDistances(Expr a, Expr b) => Norms(a) + Norms(b).Reshape([1, b.Shape[0]]) - 2 * a.MatMul(b.Transpose(1, 0));

    static Expr Norms(Expr rows) => (rows * rows).Sum([1], keepDims: true);

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(Metric), PrintMembers);
}
