using System.Linq.Expressions;
using static Cv.Compiler.VectorOperators;

namespace Cv.Compiler;

/// <summary>
/// Converts between f64 lanes and whole numbers in 64-bit lanes, for which there is no instruction before AVX-512. A number added to 1.5 * 2^52 stands
/// in the lowest bits of the sum (Hacker's Delight, 2nd ed., 17-3). For magnitudes below 2^51, so for every i32.
/// </summary>
static class WholeNumbers
{
    const double Large = 1.5 * (1L << 52);

    public static Expression ToFloat(Lanes lanes, Expression whole)
    {
        var code = new VectorCode(lanes);
        return Subtract(code.AsFloat(Add(whole, code.BitsOf(Large))), code.C(Large));
    }

    /// <summary>Drops the fraction.</summary>
    public static Expression OfFloat(Lanes lanes, Expression x)
    {
        var code = new VectorCode(lanes);
        return Subtract(code.AsBits(Add(lanes.Call("Truncate", x), code.C(Large))), code.BitsOf(Large));
    }
}
