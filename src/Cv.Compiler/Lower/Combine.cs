using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Makes the small kernels that need no compiling: folding the parts that blocks left, in the order of the blocks, and copying.</summary>
static unsafe class Combine
{
    /// <summary>Folds <paramref name="parts"/> rows of <paramref name="width"/> elements into one.</summary>
    public static KernelCode Kernel(Reduction op, DType type, Slot from, Slot into, int parts, int width)
    {
        Kernel run = (op, type) switch
        {
            (ReduceSum, DType.F32) => static (s, _, _, _) => Fold<float>(s, static (a, b) => a + b),
            (ReduceSum, DType.F64) => static (s, _, _, _) => Fold<double>(s, static (a, b) => a + b),
            (ReduceSum, _) => static (s, _, _, _) => Fold<int>(s, static (a, b) => a + b),
            (ReduceMax, DType.F32) => static (s, _, _, _) => Fold<float>(s, Math.Max),
            (ReduceMax, DType.F64) => static (s, _, _, _) => Fold<double>(s, Math.Max),
            (ReduceMax, _) => static (s, _, _, _) => Fold<int>(s, Math.Max),
            (_, DType.F32) => static (s, _, _, _) => Fold<float>(s, Math.Min),
            (_, DType.F64) => static (s, _, _, _) => Fold<double>(s, Math.Min),
            _ => static (s, _, _, _) => Fold<int>(s, Math.Min),
        };
        return new($"combine {op.Name}", null, run, [from, into, new Slot.Number(parts), new Slot.Number(width)], [into], 1, 0);
    }

    /// <summary>Copies a buffer.</summary>
    public static KernelCode Copy(Slot from, Slot into, long bytes) =>
        new(
            "copy",
            null,
            static (s, _, _, _) => Buffer.MemoryCopy((void*)s[0], (void*)s[1], s[2], s[2]),
            [from, into, new Slot.Number(bytes)],
            [into],
            1,
            0
        );

    /// <summary>Fills a buffer with zeros.</summary>
    public static KernelCode Zero(Slot into, long bytes) =>
        new(
            "zero",
            null,
            static (s, _, _, _) => new Span<byte>((void*)s[0], checked((int)s[1])).Clear(),
            [into, new Slot.Number(bytes)],
            [into],
            1,
            0
        );

    static void Fold<T>(long[] slots, Func<T, T, T> combine)
        where T : unmanaged
    {
        T* from = (T*)slots[0],
            into = (T*)slots[1];
        long parts = slots[2],
            width = slots[3];
        for (long j = 0; j < width; j++)
        {
            var folded = from[j];
            for (long part = 1; part < parts; part++)
                folded = combine(folded, from[part * width + j]);
            into[j] = folded;
        }
    }
}
