using System.Numerics;

namespace Cv.Runtime;

/// <summary>
/// Keeps blocks of disposed tensors for the next ones of about their size. Four sizes per doubling, so a block is at most a quarter
/// too large. What would make the pool hold more than <see cref="MaximumBytes"/> is left to the garbage collector.
/// </summary>
static class BlockPool
{
    public const long MaximumBytes = 256L << 20;

    static readonly Stack<Block>[] Classes = [.. Enumerable.Range(0, 128).Select(_ => new Stack<Block>())];
    static long _heldLines;

    /// <summary>Gives a block of at least <paramref name="bytes"/>, which are at most <see cref="Block.MaximumBytes"/>; what it holds is arbitrary.</summary>
    public static Block Rent(long bytes)
    {
        var (sizeClass, lines) = SizeClassOf(bytes);
        var free = Classes[sizeClass];
        Block? block;
        lock (free)
            free.TryPop(out block);
        if (block is not null)
            Interlocked.Add(ref _heldLines, -block.Lines);
        else
            block = new Block(sizeClass, lines);
        block.Open();
        return block;
    }

    /// <summary>Takes a block that no tensor uses any more.</summary>
    public static void Return(Block block)
    {
        if (Interlocked.Add(ref _heldLines, block.Lines) * Block.Line > MaximumBytes)
        {
            Interlocked.Add(ref _heldLines, -block.Lines);
            return;
        }
        var free = Classes[block.SizeClass];
        lock (free)
            free.Push(block);
    }

    /// <summary>Rounds a size up to a multiple of a quarter of the power of two below it, and numbers that size.</summary>
    public static (int SizeClass, long Lines) SizeClassOf(long bytes)
    {
        long last = Math.Max(1, (bytes + Block.Line - 1) / Block.Line) - 1;
        int shift = Math.Max(0, BitOperations.Log2((ulong)last) - 2);
        long quarters = last >> shift;
        // what fits is not refused for the rounding
        return ((int)(4 * shift + quarters), Math.Min((quarters + 1) << shift, Math.Max(last + 1, Block.MaximumLines)));
    }
}
