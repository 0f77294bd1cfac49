using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cv.Runtime;

/// <summary>
/// Draws random bits for compiled kernels, by Philox2x32-10: a lane of 64 bits holds a counter of two words, the first one low, and becomes the block of two words that the
/// key makes of it. The bits are those of <see cref="Dsl.Philox"/>, whatever the width.
/// </summary>
public static class VectorRandom
{
    const ulong Multiplier = 0xD256D193;
    const uint Golden = 0x9E3779B9;
    const int Rounds = 10;

    /// <summary>Encrypts two counters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Philox(Vector128<ulong> counters, uint key)
    {
        for (int round = 0; round < Rounds; round++, key += Golden)
            counters = Exchange(Product(counters)) ^ (counters >>> 32) ^ Vector128.Create((ulong)key);
        return counters;
    }

    /// <summary>Encrypts four counters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Philox(Vector256<ulong> counters, uint key)
    {
        for (int round = 0; round < Rounds; round++, key += Golden)
            counters = Exchange(Product(counters)) ^ (counters >>> 32) ^ Vector256.Create((ulong)key);
        return counters;
    }

    /// <summary>Encrypts eight counters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Philox(Vector512<ulong> counters, uint key)
    {
        for (int round = 0; round < Rounds; round++, key += Golden)
            counters = Exchange(Product(counters)) ^ (counters >>> 32) ^ Vector512.Create((ulong)key);
        return counters;
    }

    // the low words times the multiplier, in full: the operator's product of 64 bits takes three instructions where this takes one
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Product(Vector128<ulong> x) =>
        Sse2.IsSupported
            ? Sse2.Multiply(x.AsUInt32(), Vector128.Create(Multiplier).AsUInt32())
            : (x & Vector128.Create((ulong)uint.MaxValue)) * Multiplier;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Product(Vector256<ulong> x) =>
        Avx2.IsSupported
            ? Avx2.Multiply(x.AsUInt32(), Vector256.Create(Multiplier).AsUInt32())
            : (x & Vector256.Create((ulong)uint.MaxValue)) * Multiplier;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<ulong> Product(Vector512<ulong> x) =>
        Avx512F.IsSupported
            ? Avx512F.Multiply(x.AsUInt32(), Vector512.Create(Multiplier).AsUInt32())
            : (x & Vector512.Create((ulong)uint.MaxValue)) * Multiplier;

    // the two words of each lane change places
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Exchange(Vector128<ulong> x) =>
        Sse2.IsSupported ? Sse2.Shuffle(x.AsUInt32(), 0b10_11_00_01).AsUInt64() : (x << 32) | (x >>> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<ulong> Exchange(Vector256<ulong> x) =>
        Avx2.IsSupported ? Avx2.Shuffle(x.AsUInt32(), 0b10_11_00_01).AsUInt64() : (x << 32) | (x >>> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<ulong> Exchange(Vector512<ulong> x) =>
        Avx512F.IsSupported ? Avx512F.Shuffle(x.AsUInt32(), 0b10_11_00_01).AsUInt64() : (x << 32) | (x >>> 32);
}
