using System.Numerics;

namespace Cv.Testing;

/// <summary>
/// Calculates modulo many primes at once, a random point for each. A lane in which a quotient has no value, or a radicand no root, drops out.
/// </summary>
sealed class Lanes
{
    readonly Prime[] _primes;
    readonly bool[] _out;
    readonly int _seed;
    readonly Dictionary<Rational, Element> _rationals = [];

    public Lanes(int count, int seed)
    {
        var random = new Random(seed);
        // drawing a prime costs more than a point
        var drawn = Enumerable.Range(0, Math.Min(count, 128)).Select(_ => new Prime(Primes.Draw(random))).ToArray();
        _primes = [.. Enumerable.Range(0, count).Select(i => drawn[i % drawn.Length])];
        _out = new bool[count];
        _seed = seed;
    }

    /// <summary>Counts the lanes that are left.</summary>
    public int Left => _out.Count(o => !o);

    /// <summary>Counts the roots that lanes dropped out for.</summary>
    public int Roots { get; private set; }

    public Element Rational(Rational r)
    {
        if (!_rationals.TryGetValue(r, out var known))
            _rationals[r] = known = Each(
                p => p.Multiply(p.Residue(r.Up), p.Inverse(p.Residue(r.Down))),
                new(0, 0, Bits(r.Up), Bits(r.Down))
            );
        return known;
    }

    static double Bits(BigInteger n) => 1 + (double)BigInteger.Abs(n).GetBitLength();

    Element Each(Func<Prime, ulong> f, Size size) => new([.. _primes.Select(f)], size);

    /// <summary>Draws a generator by its number: a square where it stands for what is positive.</summary>
    public Element Generator(int number, bool isPositive)
    {
        var random = new Random(HashCode(number));
        return new(
            [
                .. _primes.Select(p =>
                {
                    ulong r = 1 + (ulong)random.NextInt64() % (p.Value - 1);
                    return isPositive ? p.Multiply(r, r) : r;
                }),
            ],
            Size.Generator with
            {
                Up = isPositive ? 2 : 1,
            }
        );
    }

    int HashCode(int number) => unchecked(_seed * 486187739 + number * 16777619);

    Element Each(Element a, Element b, Func<ulong, ulong, Prime, ulong> f, Size size)
    {
        var result = new ulong[_primes.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = f(a.At[i], b.At[i], _primes[i]);
        return new(result, size);
    }

    public Element Add(Element a, Element b) => Each(a, b, (x, y, p) => x + y is var s && s >= p.Value ? s - p.Value : s, a.Size + b.Size);

    public Element Negate(Element a) => Each(a, a, (x, _, p) => x == 0 ? 0 : p.Value - x, a.Size);

    public Element Multiply(Element a, Element b) => Each(a, b, (x, y, p) => p.Multiply(x, y), a.Size * b.Size);

    public Element Divide(Element a, Element b)
    {
        for (int i = 0; i < _out.Length; i++)
            _out[i] |= b.At[i] == 0;
        return Each(a, b, (x, y, p) => p.Multiply(x, p.Inverse(y)), a.Size * b.Size.Inverse);
    }

    /// <summary>Raises to a whole power.</summary>
    public Element Power(Element a, BigInteger n)
    {
        if (n.Sign < 0)
            return Power(Divide(Rational(Cv.Testing.Rational.One), a), -n);
        return Each(
            a,
            a,
            (x, _, p) =>
                n.IsZero ? 1
                : x == 0 ? 0
                : p.Power(x, (ulong)(n % (p.Value - 1))),
            a.Size.Times((double)n)
        );
    }

    /// <summary>
    /// Takes the square root that is a square itself. Being a square goes through products and quotients as being positive does among the reals, so this is the positive root: what
    /// holds of it holds there. Lanes where there is none drop out, half of them.
    /// </summary>
    public Element Root(Element a)
    {
        Roots++;
        var result = new ulong[_primes.Length];
        for (int i = 0; i < result.Length; i++)
        {
            var p = _primes[i];
            ulong r = p.Power(a.At[i], (p.Value + 1) / 4);
            _out[i] |= p.Multiply(r, r) != a.At[i];
            result[i] = r;
        }
        return new(result, RootSize(a.Size));
    }

    /// <summary>Takes the root of an odd order, of which each number has one.</summary>
    public Element OddRoot(Element a, int order) =>
        Each(
            a,
            a,
            (x, _, p) => p.Power(x, InverseModulo((ulong)order, p.Value - 1)),
            RootSize(a.Size) with
            {
                Up = (a.Size.Up + a.Size.Down + 1) * order,
            }
        );

    static ulong InverseModulo(ulong a, ulong modulus) => Primes.Inverse(a % modulus, modulus);

    // zeros of what holds a root are among the zeros of its norm, whose degree this bounds
    static Size RootSize(Size a) => new(2 * (a.Up + a.Down + 1), 0, a.UpBits + a.DownBits, 1);

    public bool IsZero(Element a) => Enumerable.Range(0, _out.Length).All(i => _out[i] || a.At[i] == 0);

    public bool AreEqual(Element a, Element b)
    {
        for (int i = 0; i < _out.Length; i++)
            if (!_out[i] && a.At[i] != b.At[i])
                return false;
        return true;
    }

    /// <summary>
    /// Bounds the logarithm (base 10) of the probability that a quotient of this size is 0 in all lanes that are left without being 0. In each: a random point is a zero of the
    /// polynomial above (Schwartz and Zippel), or the prime divides all coefficients. Where there are roots, their signs may also fit by luck, one time in two.
    /// </summary>
    public double LogError(Size size)
    {
        const double Least = 1152921504606846976; // 2^60
        double point = size.Up / Least,
            prime = size.UpBits / 60 / 1e15; // there are more than 1e15 such primes of 61 bits
        double each = Math.Min(1, Math.Max(point + prime, Roots > 0 ? 0.5 : 0));
        return each <= 0 ? -9999 : Left * Math.Log10(each);
    }
}
