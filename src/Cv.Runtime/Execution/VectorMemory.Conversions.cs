using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cv.Runtime;

/// <content>Loads and stores that change the size of elements: truth bytes to masks, f32 to f64 lanes, i32 to 64-bit lanes, and back.</content>
public static unsafe partial class VectorMemory
{
    const ulong LowestBits = 0x0101010101010101;

    /// <summary>Loads elements of one type into lanes of another, twice as wide: f32 into f64, or i32 into 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadConverted<TVector, TLane, T>(long address, long index)
        where TVector : unmanaged
        where TLane : unmanaged, INumber<TLane>
        where T : unmanaged, INumber<T>
    {
        var at = (T*)address + index;
        if (typeof(TLane) == typeof(double) && typeof(T) == typeof(float))
            return sizeof(TVector) switch
            {
                16 => Unsafe.BitCast<Vector128<double>, TVector>(Vector128.WidenLower(Half(at).AsSingle())),
                32 => Unsafe.BitCast<Vector256<double>, TVector>(Doubles((float*)at)),
                _ => Unsafe.BitCast<Vector512<double>, TVector>(
                    Avx512F.IsSupported
                        ? Avx512F.ConvertToVector512Double(Vector256.Load((float*)at))
                        : Vector512.Create(Doubles((float*)at), Doubles((float*)at + 4))
                ),
            };
        return sizeof(TVector) switch
        {
            16 => Unsafe.BitCast<Vector128<long>, TVector>(Vector128.WidenLower(Half(at).AsInt32())),
            32 => Unsafe.BitCast<Vector256<long>, TVector>(Longs((int*)at)),
            _ => Unsafe.BitCast<Vector512<long>, TVector>(
                Avx512F.IsSupported
                    ? Avx512F.ConvertToVector512Int64(Vector256.Load((int*)at))
                    : Vector512.Create(Longs((int*)at), Longs((int*)at + 4))
            ),
        };
    }

    /// <summary>Stores the first <paramref name="count"/> lanes as elements half as wide: f64 as f32, or 64 bits as i32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreConverted<TVector, TLane, T>(TVector value, long address, long index, long count)
        where TVector : unmanaged
        where TLane : unmanaged, INumber<TLane>
        where T : unmanaged, INumber<T>
    {
        var at = (T*)address + index;
        switch (sizeof(TVector))
        {
            case 16:
                var pair = Narrow<TLane, TVector>(value, value);
                StoreFirst(Unsafe.BitCast<TVector, Vector128<ulong>>(pair).ToScalar(), at, count);
                break;
            case 32:
                var (low, high) = (
                    Unsafe.BitCast<TVector, Vector256<long>>(value).GetLower(),
                    Unsafe.BitCast<TVector, Vector256<long>>(value).GetUpper()
                );
                StoreFirst(Narrow<TLane, Vector128<long>>(low, high), at, count);
                break;
            default:
                var (first, second) = (
                    Unsafe.BitCast<TVector, Vector512<long>>(value).GetLower(),
                    Unsafe.BitCast<TVector, Vector512<long>>(value).GetUpper()
                );
                StoreFirst(Narrow<TLane, Vector256<long>>(first, second), at, count);
                break;
        }
    }

    /// <summary>Loads truth bytes as a mask: all bits of a lane are set where the byte is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LoadMask<TVector, TLane>(long address, long index)
        where TVector : unmanaged
        where TLane : unmanaged
    {
        var at = (byte*)address + index;
        var bytes = (sizeof(TVector) / sizeof(TLane)) switch
        {
            2 => Vector128.CreateScalar(Unsafe.ReadUnaligned<ushort>(at)).AsByte(),
            4 => Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(at)).AsByte(),
            8 => Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(at)).AsByte(),
            _ => Vector128.Load(at),
        };
        // -1 where a byte is set; widening keeps it
        var marks = (~Vector128.Equals(bytes, Vector128<byte>.Zero)).AsSByte();
        return sizeof(TLane) == 4 ? MasksOfFour<TVector>(marks) : MasksOfEight<TVector>(marks);
    }

    /// <summary>Stores the first <paramref name="count"/> lanes of a mask as bytes that are 0 or 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreMask<TVector, TLane>(TVector value, long address, long index, long count)
        where TVector : unmanaged
        where TLane : unmanaged
    {
        var at = (byte*)address + index;
        ulong bits = sizeof(TVector) switch
        {
            16 => Vector128.ExtractMostSignificantBits(Unsafe.BitCast<TVector, Vector128<TLane>>(value)),
            32 => Vector256.ExtractMostSignificantBits(Unsafe.BitCast<TVector, Vector256<TLane>>(value)),
            _ => Vector512.ExtractMostSignificantBits(Unsafe.BitCast<TVector, Vector512<TLane>>(value)),
        };
        switch (sizeof(TVector) / sizeof(TLane))
        {
            case 2:
                StoreFirst((ushort)BytesOf(bits), at, count);
                break;
            case 4:
                StoreFirst((uint)BytesOf(bits), at, count);
                break;
            case 8:
                StoreFirst(BytesOf(bits), at, count);
                break;
            default:
                StoreFirst(Vector128.Create(BytesOf(bits & 0xFF), BytesOf(bits >> 8)), at, count);
                break;
        }
    }

    /// <summary>Spreads eight bits over eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong BytesOf(ulong bits)
    {
        // byte k keeps bit k alone, and what is above 0 carries into its highest bit
        ulong single = bits * LowestBits & 0x8040201008040201;
        return single + 0x7F * LowestBits >> 7 & LowestBits;
    }

    /// <summary>Stores the first elements of a value that holds several; all of them, nearly always.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreFirst<TValue, T>(TValue value, T* at, long count)
        where TValue : unmanaged
        where T : unmanaged
    {
        if (count >= sizeof(TValue) / sizeof(T))
            Unsafe.WriteUnaligned(at, value);
        else
            Unsafe.CopyBlockUnaligned(at, &value, (uint)(count * sizeof(T)));
    }

    /// <summary>Loads eight bytes into the lower half of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Half(void* at) => Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Doubles(float* at)
    {
        var four = Vector128.Load(at);
        return Avx.IsSupported
            ? Avx.ConvertToVector256Double(four)
            : Vector256.Create(Vector128.WidenLower(four), Vector128.WidenUpper(four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<long> Longs(int* at)
    {
        var four = Vector128.Load(at);
        return Avx2.IsSupported
            ? Avx2.ConvertToVector256Int64(four)
            : Vector256.Create(Vector128.WidenLower(four), Vector128.WidenUpper(four));
    }

    /// <summary>Halves the lanes of two vectors, rounding f64 and wrapping whole numbers, and joins them into one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Narrow<TLane, TVector>(TVector low, TVector high)
        where TVector : unmanaged
    {
        if (sizeof(TVector) == 16)
            return typeof(TLane) == typeof(double)
                ? Unsafe.BitCast<Vector128<float>, TVector>(
                    Vector128.Narrow(Unsafe.BitCast<TVector, Vector128<double>>(low), Unsafe.BitCast<TVector, Vector128<double>>(high))
                )
                : Unsafe.BitCast<Vector128<int>, TVector>(
                    Vector128.Narrow(Unsafe.BitCast<TVector, Vector128<long>>(low), Unsafe.BitCast<TVector, Vector128<long>>(high))
                );
        return typeof(TLane) == typeof(double)
            ? Unsafe.BitCast<Vector256<float>, TVector>(
                Vector256.Narrow(Unsafe.BitCast<TVector, Vector256<double>>(low), Unsafe.BitCast<TVector, Vector256<double>>(high))
            )
            : Unsafe.BitCast<Vector256<int>, TVector>(
                Vector256.Narrow(Unsafe.BitCast<TVector, Vector256<long>>(low), Unsafe.BitCast<TVector, Vector256<long>>(high))
            );
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector MasksOfFour<TVector>(Vector128<sbyte> marks)
        where TVector : unmanaged =>
        sizeof(TVector) switch
        {
            16 => Unsafe.BitCast<Vector128<int>, TVector>(Vector128.WidenLower(Vector128.WidenLower(marks))),
            32 => Unsafe.BitCast<Vector256<int>, TVector>(EightInts(marks)),
            _ => Unsafe.BitCast<Vector512<int>, TVector>(
                Avx512F.IsSupported
                    ? Avx512F.ConvertToVector512Int32(marks)
                    : Vector512.Create(EightInts(marks), EightInts(Vector128.CreateScalar(marks.AsUInt64().GetElement(1)).AsSByte()))
            ),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector MasksOfEight<TVector>(Vector128<sbyte> marks)
        where TVector : unmanaged =>
        sizeof(TVector) switch
        {
            16 => Unsafe.BitCast<Vector128<long>, TVector>(Vector128.WidenLower(Vector128.WidenLower(Vector128.WidenLower(marks)))),
            32 => Unsafe.BitCast<Vector256<long>, TVector>(FourLongs(marks)),
            _ => Unsafe.BitCast<Vector512<long>, TVector>(
                Avx512F.IsSupported
                    ? Avx512F.ConvertToVector512Int64(marks)
                    : Vector512.Create(FourLongs(marks), FourLongs(Vector128.ShiftRightLogical(marks.AsUInt64(), 32).AsSByte()))
            ),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> EightInts(Vector128<sbyte> marks)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(marks);
        var shorts = Vector128.WidenLower(marks);
        return Vector256.Create(Vector128.WidenLower(shorts), Vector128.WidenUpper(shorts));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<long> FourLongs(Vector128<sbyte> marks)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int64(marks);
        var ints = Vector128.WidenLower(Vector128.WidenLower(marks));
        return Vector256.Create(Vector128.WidenLower(ints), Vector128.WidenUpper(ints));
    }
}
