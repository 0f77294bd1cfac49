namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.Gelu(Expr)"/>
    public static ScalarGate Gelu => field ??= Define("gelu", x => 0.5f * x * (1 + SpecialFunctions.Erf(x * MathF.Sqrt(0.5f))));

    /// <inheritdoc cref="Verbs.GeluTanh(Expr)"/>
    public static ScalarGate GeluTanh =>
        // in doubles: the C# compiler would round 2 / MathF.PI before anyone could read it as it is written
        field ??= Define(
            "gelu_tanh",
            // beyond 10 the tanh is 1 to the last bit, and a cube that overflows would make 0 times infinity of its derivative
            x =>
                0.5
                * x
                * (
                    1
                    + Math.Tanh(
                        Math.Sqrt(2 / Math.PI)
                            * (
                                Math.Clamp(x, -10, 10)
                                + 0.044715 * (Math.Clamp(x, -10, 10) * Math.Clamp(x, -10, 10) * Math.Clamp(x, -10, 10))
                            )
                    )
                )
        );
}

public static partial class Verbs
{
    /// <summary>Weighs each element by how probable a smaller one is among normal ones: x (1 + erf(x / sqrt 2)) / 2. Shape and dtype unchanged.</summary>
    /// <remarks>Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).</remarks>
    public static Expr Gelu(this Expr x) => x.Apply(Gate.Gelu);

    /// <inheritdoc cref="Gelu(Expr)"/>
    public static Model Gelu(this Model model) => model.ThenVerb("gelu", Gelu);

    /// <summary>Approximates <see cref="Gelu(Expr)"/> by a tanh: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. Shape and dtype unchanged.</summary>
    /// <remarks>The same paper's second formula; many published weights were trained with it.</remarks>
    public static Expr GeluTanh(this Expr x) => x.Apply(Gate.GeluTanh);

    /// <inheritdoc cref="GeluTanh(Expr)"/>
    public static Model GeluTanh(this Model model) => model.ThenVerb("gelutanh", GeluTanh);
}
