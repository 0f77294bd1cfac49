using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cv.Runtime;

/// <summary>
/// Holds a piece of pinned managed memory that begins on a 64-byte line and has at least four lines more than was asked for. Its users are
/// counted: tensors that share it, and calls that read or write it (<see cref="Claims"/>). The last one to end gives it back to the pool. A
/// block that is forgotten is simply collected.
/// </summary>
sealed class Block
{
    public const int Line = 64;
    const int SlackLines = 4;

    // one word counts the users, and says which of them are calls that read or write: so each change is one exchange
    const long Users = 0xFFFF_FFFF;
    const long User = 1;
    const long Reader = 1L << 32;
    const long Readers = ((1L << 29) - 1) << 32;
    const long Writing = 1L << 62;

    /// <summary>Counts the lines of the largest block: its array has as many elements as an array may have.</summary>
    public static readonly long MaximumLines = Array.MaxLength / (Line / sizeof(long)) - 1 - SlackLines;

    /// <summary>Counts the bytes of the largest block, a little less than 16 GiB.</summary>
    public static readonly long MaximumBytes = MaximumLines * Line;

    // longs and not bytes: an array holds at most 2^31 elements, and an f64 tensor may need eight times as many bytes
    readonly long[] _memory;
    readonly nint _offset;
    long _uses;
    Claims? _writer;

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

    /// <summary>Gives the call that writes the block, if one does.</summary>
    public Claims? Writer => Volatile.Read(ref _writer);

    /// <summary>Counts the first user of a block that the pool gave out.</summary>
    public void Open() => Interlocked.Add(ref _uses, User);

    /// <summary>Counts one more user; false where the last one has ended. Who asks must look again whether the block is still its tensor's.</summary>
    public bool TryUse()
    {
        long seen = Volatile.Read(ref _uses);
        while ((seen & Users) != 0)
        {
            long before = Interlocked.CompareExchange(ref _uses, seen + User, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    /// <summary>Ends a use, and gives the block back to the pool when it was the last.</summary>
    public void Release() => End(User);

    /// <summary>Counts a call that reads; not while another call writes.</summary>
    public ClaimOutcome TryRead() => TryBegin(User + Reader, Writing);

    /// <summary>Ends what <see cref="TryRead"/> began.</summary>
    public void EndRead() => End(User + Reader);

    /// <summary>Counts a call that writes; not while another call reads or writes.</summary>
    public ClaimOutcome TryWrite(Claims by)
    {
        var outcome = TryBegin(User + Writing, Writing | Readers);
        if (outcome == ClaimOutcome.Taken)
            Volatile.Write(ref _writer, by);
        return outcome;
    }

    /// <summary>Ends what <see cref="TryWrite"/> began.</summary>
    public void EndWrite()
    {
        Volatile.Write(ref _writer, null);
        End(User + Writing);
    }

    ClaimOutcome TryBegin(long use, long against)
    {
        long seen = Volatile.Read(ref _uses);
        while (true)
        {
            if ((seen & Users) == 0)
                return ClaimOutcome.Disposed;
            if ((seen & against) != 0)
                return ClaimOutcome.Busy;
            long before = Interlocked.CompareExchange(ref _uses, seen + use, seen);
            if (before == seen)
                return ClaimOutcome.Taken;
            seen = before;
        }
    }

    void End(long use)
    {
        if ((Interlocked.Add(ref _uses, -use) & Users) == 0)
            BlockPool.Return(this);
    }
}
