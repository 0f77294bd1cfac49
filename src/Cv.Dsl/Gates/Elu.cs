namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Elu(Expr, double)"/>
    public static ScalarGate Elu(double alpha = 1)
    {
        Settings.Finite("elu", "alpha", alpha, "1 is usual.");
        return Define("elu", x => x > 0 ? x : alpha * (Math.Exp(x) - 1));
    }
}

public static partial class Verbs
{
    /// <summary>Lets positive elements through and bends the others towards -alpha: x where x &gt; 0, else alpha (exp x - 1). Shape and dtype unchanged.</summary>
    /// <remarks>Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units" (2015).</remarks>
    /// <exception cref="GraphException">Alpha is NaN or infinite.</exception>
    public static Expr Elu(this Expr x, double alpha = 1) => x.Apply(Gate.Elu(alpha));

    /// <inheritdoc cref="Elu(Expr, double)"/>
    public static Model Elu(this Model model, double alpha = 1) => model.ThenVerb("elu", x => x.Elu(alpha));
}
