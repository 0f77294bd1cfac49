namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Lets positive elements through and shrinks the others: x where x &gt; 0, else slope x. Shape and dtype unchanged.</summary>
    /// <remarks>CS231n notes, "Commonly used activation functions": unlike <see cref="Relu(Expr)"/> it cannot die. The gradient at 0 is the slope.</remarks>
    /// <exception cref="GraphException">The slope is NaN or infinite.</exception>
    public static Expr LeakyRelu(this Expr x, double slope = 0.01)
    {
        if (!double.IsFinite(slope))
            throw new GraphException($"leaky_relu: the slope must be a finite number; got {slope}. 0.01 is usual.");
        // one select serves both ways: the derivative is this same factor
        return x * Expr.Select(x > 0.0, x.Like(1), x.Like(slope));
    }

    /// <inheritdoc cref="LeakyRelu(Expr, double)"/>
    public static Model LeakyRelu(this Model model, double slope = 0.01) => model.Then(x => x.LeakyRelu(slope));
}
