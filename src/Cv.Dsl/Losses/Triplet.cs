namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <summary>Gives by how much a near squared distance is not less than a far one by the margin: max(near - far + margin, 0).</summary>
    /// <exception cref="GraphException">The margin is not a finite number, at least 0.</exception>
    public static ScalarGate Triplet(double margin = 0.2)
    {
        Settings.NotNegative("triplet", "margin", margin, "0.2 is usual, for vectors of length 1.");
        return Define("triplet", (near, far) => Math.Max(near - far + margin, 0));
    }
}

public static partial class Verbs
{
    /// <summary>
    /// Wants each vector nearer to one of its kind than to another, by a margin: the mean over the batch of max(|a - p|^2 - |a - n|^2 + margin, 0). Three
    /// tensors [..., C] give a scalar.
    /// </summary>
    /// <remarks>Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering" (2015).</remarks>
    /// <example><code>Expr loss = anchor.Triplet(positive, negative);   // f32[N,64], thrice -> f32[]</code></example>
    /// <exception cref="ShapeException">The vectors differ in dtype or shape, are not f32 or f64, or are scalars.</exception>
    /// <exception cref="GraphException">The margin is not a finite number, at least 0.</exception>
    public static Expr Triplet(this Expr anchor, Expr positive, Expr negative, double margin = 0.2)
    {
        Pairs.Check("triplet", "the anchors", anchor, "the positives", positive, least: 1);
        Pairs.Check("triplet", "the anchors", anchor, "the negatives", negative, least: 1);
        return SquaredDistance(anchor, positive).Apply(Gate.Triplet(margin), SquaredDistance(anchor, negative)).Mean();
    }

    static Expr SquaredDistance(Expr a, Expr b)
    {
        var difference = a - b;
        return (difference * difference).Sum(-1);
    }
}
