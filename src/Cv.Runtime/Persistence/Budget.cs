using System.Globalization;

namespace Cv.Runtime;

/// <summary>
/// Bounds what a packed file may unpack to: deflate packs 1,032 bytes into one, so a small file may ask for any amount of memory. What is not packed needs no bound: it
/// takes memory in proportion to its own length.
/// </summary>
sealed class Budget
{
    const long AtLeast = 64L << 20;
    const long Ratio = 16;

    readonly long _bytes;
    readonly bool _isGiven;

    Budget(long bytes, bool isGiven) => (_bytes, _isGiven, Left) = (bytes, isGiven, bytes);

    /// <summary>Gives the caller's bound or, where none was given, 64 MiB or 16 times the file's length, whichever is more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The caller's is negative.</exception>
    public static Budget Of(long? budget, long packedBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budget ?? 0, nameof(budget));
        return new(budget ?? Math.Max(AtLeast, (long)Int128.Min((Int128)packedBytes * Ratio, long.MaxValue)), budget is not null);
    }

    /// <summary>Counts what may still be unpacked.</summary>
    public long Left { get; private set; }

    /// <summary>Words the bound as what was expected.</summary>
    public string Expected =>
        $"at most {_bytes.ToString(CultureInfo.InvariantCulture)} bytes when unpacked{(_isGiven ? ", the budget that was given" : "; a file that may take more is read with a budget: budget: bytes")}";

    /// <summary>Takes a part of the budget; false where that is more than is left.</summary>
    public bool TryTake(long count)
    {
        if (count > Left)
            return false;
        Left -= count;
        return true;
    }
}
