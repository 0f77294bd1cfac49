namespace Cv.Dsl;

/// <summary>Holds the 128 bits that one counter gives, as four words.</summary>
/// <param name="A">The first word.</param>
/// <param name="B">The second word.</param>
/// <param name="C">The third word.</param>
/// <param name="D">The fourth word.</param>
public readonly record struct PhiloxBlock(uint A, uint B, uint C, uint D)
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(PhiloxBlock), PrintMembers);
}

/// <summary>
/// Makes random bits from a counter and a key, without state: Philox4x32-10 and Philox2x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
/// easy as 1, 2, 3", 2011). Any element can be drawn at any time, by any thread, and is the same.
/// </summary>
public static class Philox
{
    /// <summary>Encrypts the counter under the key, in ten rounds of multiplying, folding and swapping.</summary>
    public static PhiloxBlock Draw(PhiloxBlock counter, uint key0, uint key1)
    {
        var (a, b, c, d) = counter;
        for (int round = 0; round < 10; round++)
            unchecked
            {
                ulong p = 0xD2511F53ul * a,
                    q = 0xCD9E8D57ul * c;
                (a, b, c, d) = ((uint)(q >> 32) ^ b ^ key0, (uint)q, (uint)(p >> 32) ^ d ^ key1, (uint)p);
                key0 += 0x9E3779B9; // the golden ratio's fraction
                key1 += 0xBB67AE85; // that of the square root of 3
            }
        return new(a, b, c, d);
    }

    /// <summary>Encrypts a counter of two words under a key of one: the smaller cipher, for numbers drawn anew in each training step.</summary>
    /// <example><code>var (first, second) = Philox.DrawTwo(element, step, key);</code></example>
    public static (uint A, uint B) DrawTwo(uint a, uint b, uint key)
    {
        for (int round = 0; round < 10; round++)
            unchecked
            {
                ulong p = 0xD256D193ul * a;
                (a, b) = ((uint)(p >> 32) ^ b ^ key, (uint)p);
                key += 0x9E3779B9; // the golden ratio's fraction
            }
        return (a, b);
    }
}
