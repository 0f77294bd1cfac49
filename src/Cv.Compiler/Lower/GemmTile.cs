namespace Cv.Compiler;

/// <summary>Chooses the register tile of a product: as many accumulators as the registers hold beside one row of B and one element of A.</summary>
static class GemmTile
{
    /// <summary>
    /// Gives the rows of a tile and its vectors per row. Multiply-adds in flight must be eight or more, so what a last, narrow panel wastes is counted
    /// too. A product narrower than one vector takes tall tiles.
    /// </summary>
    public static (int Rows, int Vectors) Choose(Lanes lanes, int columns)
    {
        int registers = lanes.Bits == 512 ? 24 : 12,
            vectors = (columns + lanes.Count - 1) / lanes.Count;
        if (vectors <= 1)
            return (registers, 1);
        return Cost(vectors, 3, registers) < Cost(vectors, 2, registers) ? (registers / 3, 3) : (registers / 2, 2);
    }

    /// <summary>Lists the tiles that fill the registers, for a choice by measurement.</summary>
    public static (int Rows, int Vectors)[] Candidates(Lanes lanes)
    {
        int registers = lanes.Bits == 512 ? 24 : 12;
        return [.. Enumerable.Range(1, 4).Select(vectors => (registers / vectors, vectors))];
    }

    /// <summary>Estimates the time of a row of so many vectors in panels of a width: a panel with few accumulators waits for their sums.</summary>
    static double Cost(int vectors, int panel, int registers)
    {
        const double Flying = 8;
        int rest = vectors % panel,
            rows = registers / panel;
        return vectors / panel * panel + rest * Math.Max(1, Flying / Math.Max(1, rest * rows));
    }
}
