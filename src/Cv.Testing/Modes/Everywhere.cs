using Cv.Dsl;

namespace Cv.Testing;

public static partial class Check
{
    /// <summary>
    /// Checks the derivative of an elementwise function at every scale: at 0, denormals, near overflow, at the thresholds that its formula holds and on both their sides. Each
    /// number is compared with an enclosure of the exact one, in arithmetic whose exponents do not overflow. Values and derivatives that are not finite in f32, though the exact
    /// ones lie in its range, fail; jumps are told.
    /// </summary>
    /// <param name="gate">The gate, of one to four numbers.</param>
    /// <param name="jumps">Whether the value may jump, as that of a step does.</param>
    /// <remarks>A method of the user has no formula to read: there, differences are compared, as precisely as its own rounding allows.</remarks>
    /// <example><code>Check.Everywhere(Gate.Define("relu6", x => MathF.Min(MathF.Max(x, 0), 6))).MustPass();</code></example>
    /// <exception cref="GraphException">The gate is one of tensors: its elements depend on each other.</exception>
    public static GradientReport Everywhere(ScalarGate gate, bool jumps = false)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return Formula.Of(gate.Name, gate.Of, gate.Count) is { } formula
            ? Everywhere(formula, jumps)
            : throw new GraphException(
                $"check: a gate must be a formula of single numbers to be checked everywhere; got {gate}. Check it by Check.Gate(gate)."
            );
    }

    internal static GradientReport Everywhere(Formula formula, bool jumps) => new Sweep(formula, jumps).Report();
}
