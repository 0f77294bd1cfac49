namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.LeakyRelu(Expr, double)"/>
    public static ScalarGate LeakyRelu(double slope = 0.01)
    {
        Settings.Finite("leaky_relu", "slope", slope, "0.01 is usual.");
        // one factor serves both ways: the derivative is this same one
        return Define("leaky_relu", x => x * (x > 0 ? 1 : slope));
    }
}

public static partial class Verbs
{
    /// <summary>Lets positive elements through and shrinks the others: x where x &gt; 0, else slope x. Shape and dtype unchanged.</summary>
    /// <remarks>CS231n notes, "Commonly used activation functions": unlike <see cref="Relu(Expr)"/> it cannot die. The gradient at 0 is the slope.</remarks>
    /// <exception cref="GraphException">The slope is NaN or infinite.</exception>
    public static Expr LeakyRelu(this Expr x, double slope = 0.01) => x.Apply(Gate.LeakyRelu(slope));

    /// <inheritdoc cref="LeakyRelu(Expr, double)"/>
    public static Model LeakyRelu(this Model model, double slope = 0.01) => model.ThenVerb("leakyrelu", x => x.LeakyRelu(slope));
}
