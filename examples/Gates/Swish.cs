using Cv.Dsl;

namespace Cv.Examples.Gates;

static class OwnGates
{
    /// <summary>Lets elements through as far as a sigmoid opens: x / (1 + exp(-x)).</summary>
    /// <remarks>Ramachandran, Zoph and Le, "Searching for Activation Functions" (2017).</remarks>
    public static readonly ScalarGate Swish = Gate.Define("swish", x => x / (1 + MathF.Exp(-x)));

    /// <summary>Squashes into (-1, 1); its derivative is written by hand, in terms of x and of the value y.</summary>
    public static readonly ScalarGate Squash = Gate.Define(
        "squash",
        x => x / (1 + MathF.Abs(x)),
        (x, y) => (1 - MathF.Abs(y)) * (1 - MathF.Abs(y))
    );
}
