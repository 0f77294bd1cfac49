namespace Cv.Dsl;

public abstract partial class Gate
{
    /// <inheritdoc cref="Verbs.HardSigmoid(Expr)"/>
    public static ScalarGate HardSigmoid => field ??= Define("hard_sigmoid", x => MathF.Min(MathF.Max(x + 3, 0), 6) / 6);
}

public static partial class Verbs
{
    /// <summary>Squashes each element into [0, 1] by three straight lines: min(max(x + 3, 0), 6) / 6. Shape and dtype unchanged.</summary>
    /// <remarks>Howard and others, "Searching for MobileNetV3" (2019). The gradient is 1/6 between -3 and 3, and 0 at both and beyond.</remarks>
    public static Expr HardSigmoid(this Expr x) => x.Apply(Gate.HardSigmoid);

    /// <inheritdoc cref="HardSigmoid(Expr)"/>
    public static Model HardSigmoid(this Model model) => model.ThenVerb("hardsigmoid", HardSigmoid);
}
