namespace Cv.Dsl;

/// <summary>
/// Says how a sum of many terms is cut, so that its error does not grow with its length. docs/SEMANTICS.md, "Order of summation", promises these numbers: no
/// width, tile, cache, choice of the tuner or number of threads changes them.
/// </summary>
static class LongSums
{
    /// <summary>The most terms that are added up as they come; a sum of more is cut into blocks.</summary>
    public const int MostUncut = 4096;

    /// <summary>The terms of a block, each a chain of its own: equal terms round one way, so that a chain of more is off by more than four units of the last place.</summary>
    public const int Block = 16;

    /// <summary>The most products of a convolution's chain, eight blocks: its rows and channels are too short to be cut at every block at no cost.</summary>
    public const int ConvolutionChain = 8 * Block;

    /// <summary>The sums of one level that are added up to one of the next.</summary>
    public const int Fan = 4;

    /// <summary>Tells whether a sum of so many terms is cut.</summary>
    public static bool Cuts(long terms) => terms > MostUncut;

    /// <summary>Tells whether a reduction is a sum of floats of more terms than are added up as they come.</summary>
    public static bool Cuts(Expr reduction) => reduction.Op is ReduceSum && reduction.DType.IsFloat() && Cuts(Terms(reduction));

    /// <summary>Tells whether a reduction is cut, where each lane adds so many terms: it may be a part of a longer one, over other axes.</summary>
    public static bool Cuts(Expr reduction, long chain) =>
        reduction.Op is ReduceSum && reduction.DType.IsFloat() && chain > (Cuts(Terms(reduction)) ? Block : Fan * Block);

    /// <summary>Counts the terms of each result of a reduction.</summary>
    public static long Terms(Expr reduction) => reduction.Operands[0].Shape.Size / Math.Max(1, reduction.Shape.Size);

    /// <summary>Counts the blocks of a number of terms.</summary>
    public static long Blocks(long terms) => (terms + Block - 1) / Block;

    /// <summary>Counts the levels that so many sums are kept in: the digits of their number, in base <see cref="Fan"/>.</summary>
    public static int Levels(long sums)
    {
        int levels = 1;
        for (long rest = sums / Fan; rest > 0; rest /= Fan)
            levels++;
        return levels;
    }
}
