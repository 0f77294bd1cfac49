using System.Numerics;

namespace Cv.Testing;

/// <summary>
/// A number M 2^E with up to <see cref="Precision"/> bits after each operation, which rounds to the side that its caller names. The exponent is nearly unbounded: exp(1e10)
/// and exp(-1e10) are numbers. Beyond 2^(2^60) it is infinite.
/// </summary>
readonly struct Dyadic : IComparable<Dyadic>, IEquatable<Dyadic>
{
    public const int Precision = 256;
    const long Largest = 1L << 60;
    const int Apart = 3 * Precision; // what is this many bits below another number changes only the side that a sum is rounded to

    readonly BigInteger _m;
    readonly long _e;

    public Dyadic(BigInteger m, long e) => (_m, _e) = (m, m.IsZero ? 0 : e);

    public static readonly Dyadic Zero,
        One = new(1, 0),
        Infinity = new(1, long.MaxValue),
        MinusInfinity = new(-1, long.MaxValue);

    public int Sign => _m.Sign;

    public bool IsInfinite => _e == long.MaxValue;

    /// <summary>Gives the exponent of the first power of two above the magnitude.</summary>
    public long Top =>
        IsInfinite ? long.MaxValue
        : _m.IsZero ? long.MinValue
        : _e + (long)BigInteger.Abs(_m).GetBitLength();

    public bool IsWhole => !IsInfinite && (_e >= 0 || (BigInteger.Abs(_m) & ((BigInteger.One << (int)Math.Min(-_e, 1 << 20)) - 1)).IsZero);

    /// <summary>Takes a double as it is, to the bit.</summary>
    public static Dyadic Of(double x)
    {
        if (double.IsInfinity(x))
            return x > 0 ? Infinity : MinusInfinity;
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) & 0x7FF;
        long fraction = bits & 0xFFFFFFFFFFFFF;
        if (exponent == 0)
            exponent = 1;
        else
            fraction |= 1L << 52;
        int zeros = fraction == 0 ? 0 : BitOperations.TrailingZeroCount(fraction);
        return new((bits < 0 ? -fraction : fraction) >> zeros, exponent - 1075 + zeros);
    }

    /// <summary>Gives the whole number that a fixed-point number is, floor(x 2^places).</summary>
    public BigInteger Fixed(int places) =>
        _e + places >= 0 ? _m << (int)(_e + places)
        : _e + places < -(1 << 20) ? (_m.Sign < 0 ? BigInteger.MinusOne : BigInteger.Zero)
        : _m >> (int)-(_e + places);

    public Rational ToRational() =>
        _e >= 0 ? new(_m << (int)Math.Min(_e, 4096), BigInteger.One) : new(_m, BigInteger.One << (int)Math.Min(-_e, 4096));

    /// <summary>Multiplies by a power of two, exactly.</summary>
    public Dyadic Scale(long power) => IsInfinite || _m.IsZero ? this : new(_m, _e + power);

    public static Dyadic operator -(Dyadic a) => new(-a._m, a._e);

    public Dyadic Abs() => Sign < 0 ? -this : this;

    public static Dyadic Add(Dyadic a, Dyadic b, bool up)
    {
        if (a.IsInfinite || b.IsInfinite)
            return a.IsInfinite ? a : b;
        if (a.Sign == 0 || b.Sign == 0)
            return Rounded(a.Sign == 0 ? b : a, up);
        if (a.Top < b.Top)
            (a, b) = (b, a);
        if (a.Top - b.Top > Apart)
            b = up == b.Sign > 0 ? new(b.Sign, a.Top - Apart) : Zero;
        if (b.Sign == 0)
            return Rounded(a, up);
        long e = Math.Min(a._e, b._e);
        return Rounded(new((a._m << (int)(a._e - e)) + (b._m << (int)(b._e - e)), e), up);
    }

    public static Dyadic Multiply(Dyadic a, Dyadic b, bool up)
    {
        if (a.Sign == 0 || b.Sign == 0)
            return Zero;
        if (a.IsInfinite || b.IsInfinite)
            return a.Sign * b.Sign > 0 ? Infinity : MinusInfinity;
        return Rounded(new(a._m * b._m, a._e + b._e), up);
    }

    public static Dyadic Divide(Dyadic a, Dyadic b, bool up)
    {
        if (a.Sign == 0 || b.IsInfinite)
            return a.IsInfinite ? (a.Sign * b.Sign > 0 ? Infinity : MinusInfinity) : Small(a.Sign * b.Sign, up);
        if (a.IsInfinite)
            return a.Sign * b.Sign > 0 ? Infinity : MinusInfinity;
        int shift = Precision + 2 + (int)BigInteger.Abs(b._m).GetBitLength();
        var quotient = BigInteger.DivRem(a._m << shift, b._m, out var rest);
        // one more bit says that something was cut, so that rounding goes the right way
        var fine = (quotient << 1) + (rest.IsZero ? 0 : a.Sign * b.Sign);
        return Rounded(new(fine, a._e - b._e - shift - 1), up);
    }

    public static Dyadic Root(Dyadic a, bool up)
    {
        if (a.Sign == 0 || a.IsInfinite)
            return a;
        int shift = (int)Math.Max(0, 2 * Precision + 4 - (long)a._m.GetBitLength());
        if (((a._e - shift) & 1) != 0)
            shift++;
        var radicand = a._m << shift;
        var root = Floor(radicand);
        return Rounded(new((root << 1) + (root * root == radicand ? 0 : 1), (a._e - shift) / 2 - 1), up);
    }

    static BigInteger Floor(BigInteger n)
    {
        var root = BigInteger.One << (int)((n.GetBitLength() + 1) / 2);
        while ((root + n / root) >> 1 is var next && next < root)
            root = next;
        return root;
    }

    static Dyadic Small(int sign, bool up) => sign != 0 && up == sign > 0 ? new(sign, -Largest) : Zero;

    static Dyadic Rounded(Dyadic x, bool up)
    {
        int excess = (int)BigInteger.Abs(x._m).GetBitLength() - Precision;
        if (excess > 0)
            x = new(up ? -(-x._m >> excess) : x._m >> excess, x._e + excess);
        if (x.Sign != 0 && x.Top > Largest)
            return up == x.Sign > 0 ? (up ? Infinity : MinusInfinity) : new(x.Sign, Largest - 1);
        return x.Sign != 0 && x.Top < -Largest ? Small(x.Sign, up) : x;
    }

    public int CompareTo(Dyadic other)
    {
        if (Sign != other.Sign)
            return Sign.CompareTo(other.Sign);
        if (Sign == 0)
            return 0;
        if (Top != other.Top)
            return Top > other.Top ? Sign : -Sign;
        if (IsInfinite)
            return 0;
        long e = Math.Min(_e, other._e);
        return (_m << (int)(_e - e)).CompareTo(other._m << (int)(other._e - e));
    }

    public bool Equals(Dyadic other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is Dyadic other && Equals(other);

    public override int GetHashCode() => ToDouble().GetHashCode();

    public static bool operator <(Dyadic a, Dyadic b) => a.CompareTo(b) < 0;

    public static bool operator >(Dyadic a, Dyadic b) => a.CompareTo(b) > 0;

    public static bool operator <=(Dyadic a, Dyadic b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Dyadic a, Dyadic b) => a.CompareTo(b) >= 0;

    public static bool operator ==(Dyadic a, Dyadic b) => a.Equals(b);

    public static bool operator !=(Dyadic a, Dyadic b) => !a.Equals(b);

    public static Dyadic Min(Dyadic a, Dyadic b) => a <= b ? a : b;

    public static Dyadic Max(Dyadic a, Dyadic b) => a >= b ? a : b;

    /// <summary>Gives a double within one unit in the last place; infinite or 0 beyond the doubles.</summary>
    public double ToDouble()
    {
        if (IsInfinite)
            return Sign > 0 ? double.PositiveInfinity : double.NegativeInfinity;
        int cut = Math.Max(0, (int)BigInteger.Abs(_m).GetBitLength() - 62);
        return Math.ScaleB((double)(_m >> cut), (int)Math.Clamp(_e + cut, -5000, 5000));
    }
}
