using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Writes the sigmoid 1 / (1 + exp(-x)) for a vector as g / (g + f e^r), where f / g is the power of two that <see cref="Exponential"/> would
/// multiply by: so nothing overflows, and what is close to 0 keeps its bits. 1/2 at 0; within 2 ulp.
/// </summary>
static class Logistic
{
    public static Expression Of(Lanes lanes, Expression argument)
    {
        var code = new VectorCode(lanes);
        var (twice, r) = Exponential.Reduce(code, argument, negate: true);
        // e^r - 1, added last: the sum of the two powers of two is exact where that counts
        var rest = code.Let("u", code.Fma(code.Horner(r, Exponential.Coefficients(code)), Multiply(r, r), r));
        var half = code.Let("h", code.ShiftRight(twice, 1));
        var g = code.Let("g", code.PowerOfTwo(half));
        var f = code.Let("f", code.PowerOfTwo(Subtract(code.Bits(2 * code.Bias), Subtract(twice, half))));
        var sum = code.Let("s", Add(f, g));
        // what the sum lost of g, where g is the smaller
        var lost = Subtract(g, Subtract(sum, f));
        return code.Result(Divide(g, Add(sum, code.Fma(rest, f, lost))));
    }
}
