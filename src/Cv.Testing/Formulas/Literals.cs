using System.Numerics;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Tells how precisely a literal was written: exactly, as a float, or as a double.</summary>
static class Literals
{
    /// <summary>Tells that a number is what it says: whole, or a fraction of few bits, such as 0.25 or 6.</summary>
    public static bool IsExact(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value) & 0xFFFFFFFFFFFFF;
        return bits == 0 || 52 - BitOperations.TrailingZeroCount(bits) <= 16;
    }

    /// <summary>Tells that a number has the digits of a float's literal: 0.1f is read as 0.1.</summary>
    public static bool IsOfFloat(double value) => Expr.AsWritten((float)value) == value;
}
