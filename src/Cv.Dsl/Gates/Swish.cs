namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Swish(Expr)"/>
    public static ScalarGate Swish => field ??= Define("swish", x => x / (1 + MathF.Exp(-x)));
}

public static partial class Verbs
{
    /// <summary>Lets elements through as far as a sigmoid opens: x sigmoid x, also called SiLU. Shape and dtype unchanged.</summary>
    /// <remarks>Ramachandran, Zoph and Le, "Searching for Activation Functions" (2017).</remarks>
    public static Expr Swish(this Expr x) => x.Apply(Gate.Swish);

    /// <inheritdoc cref="Swish(Expr)"/>
    public static Model Swish(this Model model) => model.ThenVerb("swish", Swish);
}
