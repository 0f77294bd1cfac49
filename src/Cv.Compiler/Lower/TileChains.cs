using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Cuts the loops around a tile's multiply-adds into chains: as many of the inner loops as are no longer than a chain, and some rounds of the next one.</summary>
/// <param name="Outer">The loops that go over chains.</param>
/// <param name="Cut">The loop that is cut, or null where all loops are one chain.</param>
/// <param name="Rounds">The most rounds of it in one chain.</param>
/// <param name="Inner">The loops that are whole within a chain.</param>
readonly record struct TileChains(IReadOnlyList<TileLoop> Outer, TileLoop? Cut, long Rounds, IReadOnlyList<TileLoop> Inner)
{
    /// <summary>Cuts loops, outermost first, that are joined where they move on as one.</summary>
    public static TileChains Of(IReadOnlyList<TileLoop> loops)
    {
        int whole = loops.Count;
        long terms = 1;
        while (whole > 0 && loops[whole - 1].Fixed is { } count && terms * count <= LongSums.ConvolutionChain)
        {
            terms *= count;
            whole--;
        }
        if (whole == 0)
            return new([], null, 1, loops);
        var cut = loops[whole - 1];
        long most = Math.Max(1, LongSums.ConvolutionChain / terms);
        // of one length, so that none is a chain of a few products
        long rounds = cut.Fixed is { } all ? Pieces(all, Pieces(all, most)) : most;
        return new([.. loops.Take(whole - 1)], cut, rounds, [.. loops.Skip(whole)]);
    }

    /// <summary>Counts the chains, where the outermost loop has so many rounds.</summary>
    public long Count(long outermost)
    {
        long chains = 1;
        for (int i = 0; i < Outer.Count; i++)
            chains *= i == 0 ? outermost : Outer[i].Fixed!.Value;
        return Cut is not { } cut ? 1 : chains * Pieces(Outer.Count == 0 ? outermost : cut.Fixed!.Value, Rounds);
    }

    static long Pieces(long all, long piece) => (all + piece - 1) / piece;
}
