namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Softplus(Expr)"/>
    public static ScalarGate Softplus => field ??= Define("softplus", x => MathF.Log(1 + MathF.Exp(x)));
}

public static partial class Verbs
{
    /// <summary>Bends smoothly from 0 to x: log(1 + exp x), computed so that nothing overflows. Shape and dtype unchanged.</summary>
    /// <remarks>Glorot, Bordes and Bengio, "Deep Sparse Rectifier Neural Networks" (2011). The derivative is the sigmoid, 1/2 at 0.</remarks>
    public static Expr Softplus(this Expr x) => x.Apply(Gate.Softplus);

    /// <inheritdoc cref="Softplus(Expr)"/>
    public static Model Softplus(this Model model) => model.ThenVerb("softplus", Softplus);
}
