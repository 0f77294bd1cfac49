namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Adds up the squares of all elements: sum w^2, a scalar. Added to a loss, it prefers many small weights to a few large ones.</summary>
    /// <remarks>CS231n notes, "Linear Classification", regularization. No factor of a half: the gradient is 2 w.</remarks>
    /// <example><code>Expr loss = scores.SoftmaxCrossEntropy(labels) + 1e-4 * w.L2();</code></example>
    public static Expr L2(this Expr w) => w.Pow(2).Sum();

    /// <summary>Adds up the absolute values of all elements: sum |w|, a scalar. Added to a loss, it drives weights to exactly 0.</summary>
    /// <remarks>The gradient is the sign of w, and 0 at 0.</remarks>
    public static Expr L1(this Expr w) => w.Abs().Sum();

    /// <summary>Mixes both penalties, the elastic net: beta sum w^2 + sum |w|, a scalar.</summary>
    /// <remarks>Zou and Hastie, "Regularization and variable selection via the elastic net" (2005), in the form of the CS231n notes.</remarks>
    public static Expr Elastic(this Expr w, double beta) => beta * w.L2() + w.L1();
}
