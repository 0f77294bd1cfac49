namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Relu(Expr)"/>
    public static ScalarGate Relu => field ??= Define("relu", x => MathF.Max(x, 0));
}

public static partial class Verbs
{
    /// <summary>Lets positive elements through and makes the others 0: max(0, x). Shape and dtype unchanged; NaN stays NaN.</summary>
    /// <remarks>The rectified linear unit. The gradient passes where x &gt; 0; at 0 it does not.</remarks>
    /// <example><code>Expr h = (x.MatMul(w) + b).Relu();</code></example>
    public static Expr Relu(this Expr x) => x.Apply(Gate.Relu);

    /// <inheritdoc cref="Relu(Expr)"/>
    public static Model Relu(this Model model) => model.ThenVerb("relu", Relu);
}
