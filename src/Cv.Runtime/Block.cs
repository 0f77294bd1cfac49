using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cv.Runtime;

/// <summary>
/// Holds a piece of pinned managed memory that begins on a 64-byte line and has at least four lines more than was asked for. Tensors
/// that share it are counted; the last one to be disposed gives it back to the pool. A block that is forgotten is simply collected.
/// </summary>
sealed class Block
{
    public const int Line = 64;
    const int SlackLines = 4;

    // longs and not bytes: an array holds at most 2^31 elements, and an f64 tensor may need eight times as many bytes
    readonly long[] _memory;
    readonly nint _offset;
    int _sharers;

    public unsafe Block(int sizeClass, long lines)
    {
        SizeClass = sizeClass;
        Lines = lines;
        // one line to align the start, and those that may be read past the end: a register tile's row, at most
        _memory = GC.AllocateUninitializedArray<long>(checked((int)((lines + 1 + SlackLines) * (Line / sizeof(long)))), pinned: true);
        nint start = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        Address = (start + Line - 1) & -Line;
        _offset = Address - start;
        // over-read lanes are masked away by the kernels; zeros there keep stray NaNs and denormals out of their way
        _memory.AsSpan()[^((1 + SlackLines) * Line / sizeof(long))..].Clear();
    }

    public int SizeClass { get; }

    public long Lines { get; }

    public nint Address { get; }

    /// <summary>Sees the start of the block; a managed reference, so that it keeps the memory alive.</summary>
    public ref byte Start => ref Unsafe.AddByteOffset(ref Unsafe.As<long, byte>(ref MemoryMarshal.GetArrayDataReference(_memory)), _offset);

    public void Share() => Interlocked.Increment(ref _sharers);

    public void Release()
    {
        if (Interlocked.Decrement(ref _sharers) == 0)
            BlockPool.Return(this);
    }
}
