namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Selu(Expr)"/>
    public static ScalarGate Selu =>
        field ??= Define("selu", x => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.Exp(x) - 1)));
}

public static partial class Verbs
{
    /// <summary>Bends negative elements as <see cref="Elu(Expr, double)"/> does, and scales so that means of 0 and variances of 1 stay. Shape and dtype unchanged.</summary>
    /// <remarks>Klambauer, Unterthiner, Mayr and Hochreiter, "Self-Normalizing Neural Networks" (2017), whose two numbers these are.</remarks>
    public static Expr Selu(this Expr x) => x.Apply(Gate.Selu);

    /// <inheritdoc cref="Selu(Expr)"/>
    public static Model Selu(this Model model) => model.ThenVerb("selu", Selu);
}
