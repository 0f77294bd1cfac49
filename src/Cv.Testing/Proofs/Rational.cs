using System.Globalization;
using System.Numerics;

namespace Cv.Testing;

/// <summary>A quotient of whole numbers in lowest terms, the lower one positive.</summary>
readonly struct Rational : IEquatable<Rational>
{
    readonly BigInteger _down;

    public Rational(BigInteger up, BigInteger down)
    {
        var common = BigInteger.GreatestCommonDivisor(up, down) * (down.Sign < 0 ? -1 : 1);
        (Up, _down) = (up / common, down / common);
    }

    public BigInteger Up { get; }

    public BigInteger Down => _down.IsZero ? BigInteger.One : _down;

    public static Rational One => new(1, 1);

    public bool IsZero => Up.IsZero;

    public bool IsOne => Up.IsOne && Down.IsOne;

    public bool IsWhole => Down.IsOne;

    public int Sign => Up.Sign;

    public static Rational Whole(BigInteger n) => new(n, 1);

    /// <summary>Takes a dyadic number as it is; none is large here.</summary>
    public static Rational Of(Dyadic x) => x.ToRational();

    /// <summary>Takes a double to the bit.</summary>
    public static Rational OfBits(double x)
    {
        int shift = 0;
        // every finite double is whole after so many doublings
        while (x != Math.Truncate(x) && shift < 1100)
            (x, shift) = (x * 2, shift + 1);
        return new(new BigInteger(x), BigInteger.One << shift);
    }

    /// <summary>Takes the shortest decimal that reads as the double: 0.1 is 1/10.</summary>
    public static Rational OfDecimal(double x)
    {
        string shortest = x.ToString("R", CultureInfo.InvariantCulture);
        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        int power = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = e < 0 ? shortest : shortest[..e];
        int point = digits.IndexOf('.', StringComparison.Ordinal);
        power -= point < 0 ? 0 : digits.Length - point - 1;
        var up = BigInteger.Parse(
            digits.Replace(".", "", StringComparison.Ordinal),
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture
        );
        return power >= 0 ? new(up * BigInteger.Pow(10, power), 1) : new(up, BigInteger.Pow(10, -power));
    }

    public static Rational operator +(Rational a, Rational b) => new(a.Up * b.Down + b.Up * a.Down, a.Down * b.Down);

    public static Rational operator -(Rational a, Rational b) => a + -b;

    public static Rational operator -(Rational a) => new(-a.Up, a.Down);

    public static Rational operator *(Rational a, Rational b) => new(a.Up * b.Up, a.Down * b.Down);

    public static Rational operator /(Rational a, Rational b) => new(a.Up * b.Down, a.Down * b.Up);

    public static bool operator <(Rational a, Rational b) => (a - b).Sign < 0;

    public static bool operator >(Rational a, Rational b) => (a - b).Sign > 0;

    public static bool operator <=(Rational a, Rational b) => (a - b).Sign <= 0;

    public static bool operator >=(Rational a, Rational b) => (a - b).Sign >= 0;

    /// <summary>Gives the largest number that both are whole multiples of.</summary>
    public static Rational Common(Rational a, Rational b) =>
        new(BigInteger.GreatestCommonDivisor(a.Up * b.Down, b.Up * a.Down), a.Down * b.Down);

    public Rational Power(int n) =>
        n >= 0 ? new(BigInteger.Pow(Up, n), BigInteger.Pow(Down, n)) : new(BigInteger.Pow(Down, -n), BigInteger.Pow(Up, -n));

    public Enclosure Enclosed => new Enclosure(new Dyadic(Up, 0)) / new Enclosure(new Dyadic(Down, 0));

    public double ToDouble() => Enclosed.Middle;

    public bool Equals(Rational other) => Up == other.Up && Down == other.Down;

    public override bool Equals(object? obj) => obj is Rational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Up, Down);

    public override string ToString() => IsWhole ? Up.ToString(CultureInfo.InvariantCulture) : $"{Up}/{Down}";
}
