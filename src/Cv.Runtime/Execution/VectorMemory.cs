using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cv.Runtime;

/// <summary>
/// Moves vectors between registers and memory for compiled kernels. Expression trees hold neither pointers nor refs, so addresses are
/// numbers and each access is a call that the JIT inlines to one instruction. Indices count elements; loads may read past the end of a
/// buffer (every buffer has slack), stores never do.
/// </summary>
public static unsafe partial class VectorMemory
{
    /// <summary>Loads a vector whose elements are those of the buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TVector, T>(long address, long index)
        where TVector : unmanaged
        where T : unmanaged => Unsafe.ReadUnaligned<TVector>((T*)address + index);

    /// <summary>Stores a whole vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TVector, T>(TVector value, long address, long index)
        where TVector : unmanaged
        where T : unmanaged => Unsafe.WriteUnaligned((T*)address + index, value);

    /// <summary>
    /// Stores the first <paramref name="count"/> elements of a vector, by halves: with a count that is known when the kernel is compiled, one to four
    /// plain stores are left of it. Masked stores would do, but some processors take tens of cycles for one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart<TVector, T>(TVector value, long address, long index, long count)
        where TVector : unmanaged
        where T : unmanaged
    {
        var at = (float*)((T*)address + index);
        long words = count * (sizeof(T) / sizeof(float));
        if (typeof(TVector) == typeof(Vector512<T>))
            StoreWords(((Vector512<T>)(object)value).AsSingle(), at, words);
        else if (typeof(TVector) == typeof(Vector256<T>))
            StoreWords(((Vector256<T>)(object)value).AsSingle(), at, words);
        else
            StoreWords(((Vector128<T>)(object)value).AsSingle(), at, words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreWords(Vector512<float> value, float* at, long words)
    {
        if ((words & 16) != 0)
        {
            value.Store(at);
            return;
        }
        var rest = value.GetLower();
        if ((words & 8) != 0)
        {
            rest.Store(at);
            at += 8;
            rest = value.GetUpper();
        }
        StoreWords(rest, at, words & 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreWords(Vector256<float> value, float* at, long words)
    {
        if ((words & 8) != 0)
        {
            value.Store(at);
            return;
        }
        var rest = value.GetLower();
        if ((words & 4) != 0)
        {
            rest.Store(at);
            at += 4;
            rest = value.GetUpper();
        }
        StoreWords(rest, at, words & 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreWords(Vector128<float> value, float* at, long words)
    {
        if ((words & 4) != 0)
        {
            value.Store(at);
            return;
        }
        var rest = value;
        if ((words & 2) != 0)
        {
            *(double*)at = rest.AsDouble().ToScalar();
            at += 2;
            rest = Vector128.Shuffle(rest, Vector128.Create(2, 3, 2, 3));
        }
        if ((words & 1) != 0)
            *at = rest.ToScalar();
    }

    /// <summary>Reads one element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(long address, long index)
        where T : unmanaged => ((T*)address)[index];

    /// <summary>Writes one element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(T value, long address, long index)
        where T : unmanaged => ((T*)address)[index] = value;

    /// <summary>Adds up the lanes by halves: the order depends on the width alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SumLanes<TVector, T>(TVector value)
        where TVector : unmanaged
        where T : unmanaged, INumber<T> => Fold<TVector, T, Sum<T>>(value);

    /// <summary>Takes the largest lane; NaN if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxLanes<TVector, T>(TVector value)
        where TVector : unmanaged
        where T : unmanaged, INumber<T> => Fold<TVector, T, Largest<T>>(value);

    /// <summary>Takes the smallest lane; NaN if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MinLanes<TVector, T>(TVector value)
        where TVector : unmanaged
        where T : unmanaged, INumber<T> => Fold<TVector, T, Smallest<T>>(value);

    /// <summary>Applies a scalar function of one argument lane by lane: for rules that no vector instruction serves.</summary>
    public static TVector Map<TVector, T>(Func<T, T> rule, TVector a)
        where TVector : unmanaged
        where T : unmanaged
    {
        for (int i = 0; i < sizeof(TVector) / sizeof(T); i++)
            ((T*)&a)[i] = rule(((T*)&a)[i]);
        return a;
    }

    /// <summary>Applies a scalar function of two arguments lane by lane.</summary>
    public static TVector Map2<TVector, T>(Func<T, T, T> rule, TVector a, TVector b)
        where TVector : unmanaged
        where T : unmanaged
    {
        for (int i = 0; i < sizeof(TVector) / sizeof(T); i++)
            ((T*)&a)[i] = rule(((T*)&a)[i], ((T*)&b)[i]);
        return a;
    }

    /// <summary>
    /// Writes a square of 8 by 8 floats with rows and columns exchanged. Starts are in elements of their buffers, strides from row to row.
    /// </summary>
    public static void TransposeEight(long from, long start, long stride, long to, long target, long targetStride)
    {
        var a = (float*)from + start;
        var b = (float*)to + target;
        if (!Avx.IsSupported)
        {
            for (int i = 0; i < 8; i++)
            for (int j = 0; j < 8; j++)
                b[j * targetStride + i] = a[i * stride + j];
            return;
        }
        // pairs, then fours, then halves: each step doubles the run of elements that stand in order
        Vector256<float> r0 = Avx.LoadVector256(a),
            r1 = Avx.LoadVector256(a + stride),
            r2 = Avx.LoadVector256(a + 2 * stride),
            r3 = Avx.LoadVector256(a + 3 * stride),
            r4 = Avx.LoadVector256(a + 4 * stride),
            r5 = Avx.LoadVector256(a + 5 * stride),
            r6 = Avx.LoadVector256(a + 6 * stride),
            r7 = Avx.LoadVector256(a + 7 * stride);
        Vector256<float> p0 = Avx.UnpackLow(r0, r1),
            p1 = Avx.UnpackHigh(r0, r1),
            p2 = Avx.UnpackLow(r2, r3),
            p3 = Avx.UnpackHigh(r2, r3),
            p4 = Avx.UnpackLow(r4, r5),
            p5 = Avx.UnpackHigh(r4, r5),
            p6 = Avx.UnpackLow(r6, r7),
            p7 = Avx.UnpackHigh(r6, r7);
        Vector256<float> q0 = Avx.Shuffle(p0, p2, 0x44),
            q1 = Avx.Shuffle(p0, p2, 0xEE),
            q2 = Avx.Shuffle(p1, p3, 0x44),
            q3 = Avx.Shuffle(p1, p3, 0xEE),
            q4 = Avx.Shuffle(p4, p6, 0x44),
            q5 = Avx.Shuffle(p4, p6, 0xEE),
            q6 = Avx.Shuffle(p5, p7, 0x44),
            q7 = Avx.Shuffle(p5, p7, 0xEE);
        Avx.Store(b, Avx.Permute2x128(q0, q4, 0x20));
        Avx.Store(b + targetStride, Avx.Permute2x128(q1, q5, 0x20));
        Avx.Store(b + 2 * targetStride, Avx.Permute2x128(q2, q6, 0x20));
        Avx.Store(b + 3 * targetStride, Avx.Permute2x128(q3, q7, 0x20));
        Avx.Store(b + 4 * targetStride, Avx.Permute2x128(q0, q4, 0x31));
        Avx.Store(b + 5 * targetStride, Avx.Permute2x128(q1, q5, 0x31));
        Avx.Store(b + 6 * targetStride, Avx.Permute2x128(q2, q6, 0x31));
        Avx.Store(b + 7 * targetStride, Avx.Permute2x128(q3, q7, 0x31));
    }

    // in registers: a row of ten columns is folded several times
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static T Fold<TVector, T, TCombine>(TVector value)
        where TVector : unmanaged
        where T : unmanaged
        where TCombine : struct, ICombine<T>
    {
        if (sizeof(TVector) == 64)
            return Fold256<T, TCombine>(
                TCombine.Of(
                    Unsafe.BitCast<TVector, Vector512<T>>(value).GetLower(),
                    Unsafe.BitCast<TVector, Vector512<T>>(value).GetUpper()
                )
            );
        if (sizeof(TVector) == 32)
            return Fold256<T, TCombine>(Unsafe.BitCast<TVector, Vector256<T>>(value));
        return Fold128<T, TCombine>(Unsafe.BitCast<TVector, Vector128<T>>(value));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static T Fold256<T, TCombine>(Vector256<T> value)
        where T : unmanaged
        where TCombine : struct, ICombine<T> => Fold128<T, TCombine>(TCombine.Of(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static T Fold128<T, TCombine>(Vector128<T> value)
        where T : unmanaged
        where TCombine : struct, ICombine<T>
    {
        if (sizeof(T) == 4)
            value = TCombine.Of(value, Vector128.Shuffle(value.AsInt32(), Vector128.Create(2, 3, 0, 1)).As<int, T>());
        var other =
            sizeof(T) == 4
                ? Vector128.Shuffle(value.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>()
                : Vector128.Shuffle(value.AsInt64(), Vector128.Create(1L, 0L)).As<long, T>();
        return TCombine.Of(value, other).ToScalar();
    }

    interface ICombine<T>
    {
        static abstract Vector128<T> Of(Vector128<T> a, Vector128<T> b);
        static abstract Vector256<T> Of(Vector256<T> a, Vector256<T> b);
    }

    readonly struct Sum<T> : ICombine<T>
    {
        public static Vector128<T> Of(Vector128<T> a, Vector128<T> b) => a + b;

        public static Vector256<T> Of(Vector256<T> a, Vector256<T> b) => a + b;
    }

    readonly struct Largest<T> : ICombine<T>
    {
        public static Vector128<T> Of(Vector128<T> a, Vector128<T> b) => Vector128.Max(a, b);

        public static Vector256<T> Of(Vector256<T> a, Vector256<T> b) => Vector256.Max(a, b);
    }

    readonly struct Smallest<T> : ICombine<T>
    {
        public static Vector128<T> Of(Vector128<T> a, Vector128<T> b) => Vector128.Min(a, b);

        public static Vector256<T> Of(Vector256<T> a, Vector256<T> b) => Vector256.Min(a, b);
    }
}
