using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Examples.Gates;

/// <summary>Turns divisions by a power of two into multiplications, which are faster.</summary>
static class MultiplyByReciprocals
{
    public static Pass Pass { get; } = new("multiply by reciprocals", graph => graph.Rewrite(Rule));

    static Expr? Rule(Expr y) =>
        y switch
        {
            // x / 2^k = x 2^-k, to the last bit and for every x: the reciprocal is exact, so both sides round the same number
            (Div, [var x, (Const(var c, _), _)]) when IsPowerOfTwo(c) => x * (1 / c),
            _ => null,
        };

    // the reciprocal must be a normal number of f32 too
    static bool IsPowerOfTwo(double c) => double.IsPow2(Math.Abs(c)) && Math.Abs(Math.ILogB(c)) < 126;
}
