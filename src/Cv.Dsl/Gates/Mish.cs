namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Mish(Expr)"/>
    public static ScalarGate Mish => field ??= Define("mish", x => x * MathF.Tanh(MathF.Log(1 + MathF.Exp(x))));
}

public static partial class Verbs
{
    /// <summary>Lets elements through as far as the tanh of a softplus opens: x tanh(log(1 + exp x)). Shape and dtype unchanged.</summary>
    /// <remarks>Misra, "Mish: A Self Regularized Non-Monotonic Activation Function" (2019).</remarks>
    public static Expr Mish(this Expr x) => x.Apply(Gate.Mish);

    /// <inheritdoc cref="Mish(Expr)"/>
    public static Model Mish(this Model model) => model.ThenVerb("mish", Mish);
}
