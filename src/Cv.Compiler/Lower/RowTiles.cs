using System.Linq.Expressions;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>Cuts a run of rows into tiles of two sizes that differ by one, so that no tile is left nearly empty.</summary>
readonly record struct RowTiles
{
    public RowTiles(int rows, int most)
    {
        int tiles = Math.Max(1, (rows + most - 1) / most);
        Large = (rows + tiles - 1) / tiles;
        Larges = rows - tiles * (Large - 1);
        Smalls = tiles - Larges;
    }

    /// <summary>Gives the rows of a large tile; a small one has one less.</summary>
    public int Large { get; }

    public int Larges { get; }
    public int Smalls { get; }

    /// <summary>Writes the loops over the tiles; <paramref name="row"/> holds the tile's first row.</summary>
    public Expression Loops(ParameterExpression row, Func<int, Expression> tile)
    {
        var lines = new List<Expression> { Assign(row, Constant(0L)) };
        long middle = (long)Larges * Large;
        if (Larges > 0)
            lines.Add(While(row, Constant(middle), Large, tile(Large)));
        if (Smalls > 0)
            lines.Add(While(row, Constant(middle + (long)Smalls * (Large - 1)), Large - 1, tile(Large - 1)));
        return Block(lines);
    }

    /// <summary>Lists the tiles as (first row, rows).</summary>
    public IEnumerable<(int First, int Rows)> List()
    {
        int row = 0;
        for (int i = 0; i < Larges + Smalls; i++)
        {
            int rows = i < Larges ? Large : Large - 1;
            yield return (row, rows);
            row += rows;
        }
    }
}
