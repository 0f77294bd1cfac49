using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>Collects the lines of one vector function while it is written: named values, constants, polynomials.</summary>
sealed class VectorCode(Lanes lanes)
{
    readonly List<ParameterExpression> _locals = [];
    readonly List<Expression> _lines = [];

    public Lanes Lanes => lanes;

    /// <summary>Tells that the lanes are f64.</summary>
    public bool IsWide => lanes.Type == DType.F64;

    /// <summary>Counts the bits of a lane's fraction.</summary>
    public int FractionBits => IsWide ? 52 : 23;

    /// <summary>Gives the exponent of 1 as it is stored.</summary>
    public int Bias => IsWide ? 1023 : 127;

    /// <summary>Names a value, so that it is computed once.</summary>
    public ParameterExpression Let(string name, Expression value)
    {
        var local = Variable(value.Type, name);
        _locals.Add(local);
        _lines.Add(Assign(local, value));
        return local;
    }

    /// <summary>Closes the function with its result.</summary>
    public Expression Result(Expression value) => Block(_locals, [.. _lines, value]);

    public Expression C(double value) => lanes.Constant(value, lanes.Type);

    /// <summary>Takes the constant of the lanes' own type.</summary>
    public Expression C(double f32, double f64) => C(IsWide ? f64 : f32);

    /// <summary>Fills every lane with bits.</summary>
    public Expression Bits(long value) => lanes.Call("Create", IsWide ? Constant(value) : Constant(unchecked((int)value)));

    /// <summary>Fills every lane with the bits of a number.</summary>
    public Expression BitsOf(double value) =>
        Bits(IsWide ? BitConverter.DoubleToInt64Bits(value) : BitConverter.SingleToInt32Bits((float)value));

    public Expression AsBits(Expression x) => lanes.As(x, lanes.Integer);

    public Expression AsFloat(Expression bits) => lanes.AsFloat(bits);

    /// <summary>Computes a b + c, rounded once.</summary>
    public Expression Fma(Expression a, Expression b, Expression c) => lanes.Call("FusedMultiplyAdd", a, b, c);

    /// <summary>Computes a polynomial, coefficients from the highest power down.</summary>
    public Expression Horner(Expression at, params IEnumerable<double> coefficients)
    {
        var sum = C(coefficients.First());
        foreach (double c in coefficients.Skip(1))
            sum = Fma(sum, at, C(c));
        return sum;
    }

    /// <summary>Bounds a number. The constant goes first, so that NaN passes.</summary>
    public Expression Clamp(double low, double high, Expression x) => AtLeast(low, AtMost(high, x));

    public Expression AtMost(double high, Expression x) => lanes.Call("MinNative", C(high), x);

    public Expression AtLeast(double low, Expression x) => lanes.Call("MaxNative", C(low), x);

    public Expression Abs(Expression x) => lanes.Call("Abs", x);

    public Expression ShiftLeft(Expression bits, int by) => lanes.Call("ShiftLeft", bits, Constant(by));

    /// <summary>Shifts zeros in: there is no arithmetic shift of 64-bit lanes before AVX-512.</summary>
    public Expression ShiftRight(Expression bits, int by) => lanes.Call("ShiftRightLogical", bits, Constant(by));

    /// <summary>Gives 2^(k - bias) from a whole k in the lowest bits of each lane.</summary>
    public Expression PowerOfTwo(Expression k) => AsFloat(ShiftLeft(k, FractionBits));

    public Expression Test(string comparison, Expression a, Expression b) => AsFloat(lanes.Call(comparison, a, b));

    public Expression Select(Expression mask, Expression a, Expression b) => lanes.Select(mask, a, b);

    /// <summary>Gives the sign bit of each lane.</summary>
    public Expression Sign(Expression x) => VectorOperators.And(x, C(-0.0));

    /// <summary>
    /// Gives a number so large that adding it to x leaves the nearest whole number to x in the lowest bits of the sum, on top of
    /// <paramref name="offset"/>; taking it away again leaves that number itself.
    /// </summary>
    public Expression Rounder(long offset = 0) => C(1.5 * (1L << FractionBits) + offset);
}
