using System.Numerics;
using System.Reflection;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;

namespace Cv.Compiler;

/// <summary>Makes the small kernels that finish what others leave: folding the parts of blocks, in their order, and copying.</summary>
static unsafe class Combine
{
    /// <summary>Folds <paramref name="parts"/> rows of <paramref name="width"/> elements into one: row by row, or, where the sum is long, in pairs.</summary>
    public static KernelCode Kernel(Expr reduction, Slot from, Slot into, int parts, int width)
    {
        var element = Lanes.ClrType(reduction.DType);
        var fold = reduction.Op switch
        {
            ReduceSum => typeof(Sum<>),
            ReduceMax => typeof(Largest<>),
            ReduceMin => typeof(Smallest<>),
            _ => throw new InvalidOperationException($"combine: no kernel for {reduction.Op.Name}."),
        };
        string way = LongSums.Cuts(reduction) ? nameof(FoldInPairs) : nameof(Fold);
        var method = Method(way).MakeGenericMethod(element, fold.MakeGenericType(element));
        return Calling($"combine {reduction.Op.Name}", method, [from, into, new Slot.Number(parts), new Slot.Number(width)], into);
    }

    /// <summary>Copies a buffer.</summary>
    public static KernelCode Copy(Slot from, Slot into, long bytes) =>
        Calling("copy", Method(nameof(Copy)), [from, into, new Slot.Number(bytes)], into);

    /// <summary>Fills a buffer with zeros.</summary>
    public static KernelCode Zero(Slot into, long bytes) =>
        Calling(
            "zero",
            Methods.Taking(typeof(Bands), nameof(Bands.Clear), typeof(long), typeof(long)),
            [into, new Slot.Number(bytes)],
            into
        );

    // numbers are slots too, so that all calls of one method are one code
    static KernelCode Calling(string name, MethodInfo method, Slot[] slots, Slot written)
    {
        var code = new Code();
        var call = Call(method, slots.Select(slot => code.Address(slot, write: slot == written)));
        return code.Close(name, call, 1, 0);
    }

    static MethodInfo Method(string name) =>
        typeof(Combine)
            .GetMethods(BindingFlags.NonPublic | BindingFlags.Static)
            .Single(m => m.Name == name && m.GetParameters()[0].ParameterType == typeof(long));

    static void Copy(long from, long into, long bytes) => Buffer.MemoryCopy((void*)from, (void*)into, bytes, bytes);

    /// <summary>Folds part by part, each in one walk, so that wide parts are read in order.</summary>
    static void Fold<T, TFold>(long from, long into, long parts, long width)
        where T : unmanaged
        where TFold : struct, IFold<T>
    {
        new Span<T>((T*)from, (int)width).CopyTo(new Span<T>((T*)into, (int)width));
        for (long part = 1; part < parts; part++)
            Fold<T, TFold>((T*)into, (T*)from + part * width, width);
    }

    /// <summary>Folds each part into its neighbour, then each pair, and so on, in their own memory.</summary>
    static void FoldInPairs<T, TFold>(long from, long into, long parts, long width)
        where T : unmanaged
        where TFold : struct, IFold<T>
    {
        for (long apart = 1; apart < parts; apart *= 2)
        for (long part = 0; part + apart < parts; part += 2 * apart)
            Fold<T, TFold>((T*)from + part * width, (T*)from + (part + apart) * width, width);
        new Span<T>((T*)from, (int)width).CopyTo(new Span<T>((T*)into, (int)width));
    }

    static void Fold<T, TFold>(T* into, T* from, long width)
        where T : unmanaged
        where TFold : struct, IFold<T>
    {
        Span<T> sums = new(into, (int)width),
            next = new(from, (int)width);
        int j = 0;
        for (; j <= sums.Length - Vector<T>.Count; j += Vector<T>.Count)
            TFold.Of(new Vector<T>(sums[j..]), new Vector<T>(next[j..])).CopyTo(sums[j..]);
        for (; j < sums.Length; j++)
            sums[j] = TFold.Of(sums[j], next[j]);
    }

    interface IFold<T>
    {
        static abstract T Of(T a, T b);
        static abstract Vector<T> Of(Vector<T> a, Vector<T> b);
    }

    readonly struct Sum<T> : IFold<T>
        where T : INumber<T>
    {
        public static T Of(T a, T b) => a + b;

        public static Vector<T> Of(Vector<T> a, Vector<T> b) => a + b;
    }

    readonly struct Largest<T> : IFold<T>
        where T : INumber<T>
    {
        public static T Of(T a, T b) => T.Max(a, b);

        public static Vector<T> Of(Vector<T> a, Vector<T> b) => Vector.Max(a, b);
    }

    readonly struct Smallest<T> : IFold<T>
        where T : INumber<T>
    {
        public static T Of(T a, T b) => T.Min(a, b);

        public static Vector<T> Of(Vector<T> a, Vector<T> b) => Vector.Min(a, b);
    }
}
