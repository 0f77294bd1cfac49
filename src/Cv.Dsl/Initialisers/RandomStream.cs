using System.Text;

namespace Cv.Dsl;

/// <summary>
/// Gives random numbers by their index: the stream that a seed and a name choose. The seed is Philox's key; the name's hash is the upper half of
/// the counter, the index the lower, so no two elements of a stream share a counter, nor two streams whose names' hashes differ.
/// </summary>
/// <example><code>double noise = new RandomStream(seed, "dense1.w").Normal(17);</code></example>
public readonly record struct RandomStream
{
    readonly ulong _seed;
    readonly ulong _name;

    /// <summary>Chooses the stream.</summary>
    public RandomStream(ulong seed, string name) => (_seed, _name) = (seed, Hash(name));

    /// <summary>Draws the number at <paramref name="index"/> evenly from (0, 1), both ends excluded, in steps of 2^-52.</summary>
    public double Uniform(long index)
    {
        // one block of 128 bits serves two neighbours
        ulong at = unchecked((ulong)index) >> 1;
        var block = unchecked(
            Philox.Draw(new((uint)at, (uint)(at >> 32), (uint)_name, (uint)(_name >> 32)), (uint)_seed, (uint)(_seed >> 32))
        );
        var (high, low) = (index & 1) == 0 ? (block.A, block.B) : (block.C, block.D);
        // 52 bits and a half: one bit more would round up to 1, whose normal quantile is infinite
        return ((((ulong)high << 32 | low) >> 12) + 0.5) * (1.0 / (1L << 52));
    }

    /// <summary>Draws the number at <paramref name="index"/> from the normal distribution of mean 0 and deviation 1.</summary>
    public double Normal(long index) => NormalDistribution.Quantile(Uniform(index));

    /// <summary>Puts items in a random order, every order equally likely, by the numbers that follow index <paramref name="start"/>.</summary>
    /// <remarks>Fisher and Yates' shuffle (D. Knuth, TAOCP vol. 2, 3.4.2, algorithm P).</remarks>
    /// <example><code>new RandomStream(seed, "folds").Shuffle(parts);</code></example>
    public void Shuffle<T>(Span<T> items, long start = 0)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)(Uniform(start + i) * (i + 1));
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Hashes a name by 64-bit FNV-1a over its UTF-8 bytes: string.GetHashCode differs from one process to the next.</summary>
    internal static ulong Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            hash = unchecked((hash ^ b) * 0x100000001B3);
        return hash;
    }
}
