namespace Cv.Compiler;

/// <summary>Chooses the register tile of a product: as many accumulators as the registers hold beside one row of B and one element of A.</summary>
static class GemmTile
{
    /// <summary>Gives the rows of a tile and its vectors per row. A product narrower than one vector takes tall tiles.</summary>
    public static (int Rows, int Vectors) Choose(Lanes lanes, int columns)
    {
        bool narrow = columns <= lanes.Count;
        return lanes.Bits == 512 ? (narrow ? (24, 1) : (12, 2)) : (narrow ? (12, 1) : (6, 2));
    }
}
