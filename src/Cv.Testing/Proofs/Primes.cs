using System.Numerics;

namespace Cv.Testing;

/// <summary>
/// Draws primes of 61 bits and calculates with them. p - 1 is twice an odd number that 3, 5, 7, 11 and 13 do not divide: then each number has one root of these orders, -1 is no
/// square, and of the two roots of a square one is a square itself.
/// </summary>
static class Primes
{
    static readonly ulong[] Orders = [3, 5, 7, 11, 13];

    // enough for all numbers of 64 bits
    static readonly ulong[] Witnesses = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

    public static ulong Draw(Random random)
    {
        while (true)
        {
            ulong p = ((1UL << 60) | ((ulong)random.NextInt64() & ((1UL << 60) - 1))) | 3;
            if (Array.TrueForAll(Orders, q => p % q is not (0 or 1)) && IsPrime(p))
                return p;
        }
    }

    public static bool IsPrime(ulong n)
    {
        foreach (ulong q in Witnesses)
            if (n % q == 0)
                return n == q;
        if (n < 2)
            return false;
        int twos = BitOperations.TrailingZeroCount(n - 1);
        ulong odd = (n - 1) >> twos;
        foreach (ulong w in Witnesses)
        {
            ulong x = Power(w, odd, n);
            for (int i = 0; i < twos - 1 && x != 1 && x != n - 1; i++)
                x = Multiply(x, x, n);
            if (x != n - 1 && !(x == 1 && Power(w, odd, n) == 1))
                return false;
        }
        return true;
    }

    public static ulong Multiply(ulong a, ulong b, ulong p) => (ulong)((UInt128)a * b % p);

    public static ulong Power(ulong a, ulong n, ulong p)
    {
        ulong power = 1;
        for (; n > 0; n >>= 1, a = Multiply(a, a, p))
            if ((n & 1) != 0)
                power = Multiply(power, a, p);
        return power;
    }

    public static ulong Inverse(ulong a, ulong p)
    {
        (Int128 r, Int128 next, Int128 s, Int128 other) = (p, a, 0, 1);
        while (next != 0)
        {
            var quotient = r / next;
            (r, next) = (next, r - quotient * next);
            (s, other) = (other, s - quotient * other);
        }
        return (ulong)(s < 0 ? s + p : s);
    }
}

/// <summary>A prime of 61 bits with the reciprocal that products are reduced by.</summary>
/// <remarks>Barrett, "Implementing the Rivest Shamir and Adleman Public Key Encryption Algorithm on a Standard Digital Signal Processor" (1986).</remarks>
readonly record struct Prime(ulong Value)
{
    readonly ulong _reciprocal = (ulong)((UInt128.One << 122) / Value);

    public ulong Multiply(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        // the quotient is at most two too small
        ulong top = Math.BigMul((high << 4) | (low >> 60), _reciprocal, out ulong below);
        ulong rest = low - (((top << 2) | (below >> 62)) * Value);
        while (rest >= Value)
            rest -= Value;
        return rest;
    }

    public ulong Power(ulong a, ulong n)
    {
        ulong power = 1;
        for (; n > 0; n >>= 1, a = Multiply(a, a))
            if ((n & 1) != 0)
                power = Multiply(power, a);
        return power;
    }

    public ulong Residue(BigInteger n) => (ulong)(((n % Value) + Value) % Value);

    /// <summary>Gives 1 / a, and 0 for 0.</summary>
    public ulong Inverse(ulong a) => a == 0 ? 0 : Power(a, Value - 2);
}
