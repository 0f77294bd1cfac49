using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Lays the elements of a loop kernel out as rows, the rows as blocks, and wide rows of a fold as pieces. A block's piece is the unit that
/// threads share and that partial results belong to; units depend on the shape and the work of an element alone.
/// </summary>
sealed class LoopGeometry
{
    const int FlatRow = 4096;
    const int BlockElements = 8192;
    const int LeastBlockElements = 512;
    const int BlockWork = 1 << 15;
    const double FoldCost = 8;
    const int MostParts = 64;
    const int WideRow = 2048;
    const int LeastPiece = 256;
    const int ShortRow = 4;
    const int LongestTile = 8;
    const int StraightWork = 160;
    const int StripElements = 4096;
    const int LightStripElements = 1024;
    const int LightWork = 4;

    public LoopGeometry(LoopStep step, Phases phases, Lanes lanes)
    {
        Size = step.Size;
        double cost = step.Members.Sum(m => IsPerElement(m, phases) ? CostOf(m) : 0);
        int blockElements = (int)Math.Clamp(BlockWork / Math.Max(1, cost), LeastBlockElements, BlockElements) / 64 * 64;
        int columns = step.Columns != 0 ? step.Columns : LongestRow(step);
        IsFlat = step.Columns == 0 && columns == step.Size;
        Columns = IsFlat ? Math.Min(Math.Min(FlatRow, blockElements), Math.Max(1, Size)) : columns;
        Rows = IsFlat ? PiecesOf(Size, Columns) : Size / Columns;
        int vectors = PiecesOf(Columns, lanes.Count);
        double perRow = step.Members.Sum(m =>
            IsPerElement(m, phases) ? 0
            : phases.IsRowFold(m) ? FoldCost
            : CostOf(m)
        );
        double rowWork = lanes.Count * (vectors * cost + perRow);
        Work = Rows * rowWork;
        DecideTiles(step, phases, lanes, vectors);
        RowStep = step.IsStrided ? step.Outer : 1;
        PieceColumns = Columns;
        if (step.Outer > 1)
            RowsPerBlock = Rows / step.Outer;
        else if (!step.Roles.ContainsValue(Role.Tail))
            RowsPerBlock = Math.Max(1, blockElements / Math.Max(1, Columns));
        else if (IsTiled && TileVectors < vectors && Columns >= WideRow)
            RowsPerBlock = Rows; // few rows, and long: share the columns, so that no parts remain
        else
            RowsPerBlock = PiecesOf(Rows, Math.Max(1, Parts));
        RowsPerBlock = Math.Max(1, RowsPerBlock);
        Blocks = Math.Max(step.Roles.ContainsValue(Role.Tail) ? 1 : 0, PiecesOf(Rows, RowsPerBlock));
        if (IsTiled && TileVectors < vectors && Columns >= WideRow)
        {
            int tile = TileVectors * lanes.Count,
                wanted = Math.Max(LeastPiece, Columns / Math.Max(1, Parts / Math.Max(1, Blocks)));
            PieceColumns = (new Extents(PiecesOf(wanted, tile)) * tile).Fit("compile", "the columns of a piece");
        }
        Pieces = PiecesOf(Columns, Math.Max(1, PieceColumns));
        StripRows = RowsPerBlock;
        // a strip of few rows is read almost in order; one of many loads sums, and what no row changes, less often
        int elements = cost <= LightWork ? LightStripElements : StripElements;
        if (IsTiled && PieceColumns > TileVectors * lanes.Count)
            StripRows = Math.Min(RowsPerBlock, Math.Max(RowsPerTurn * (cost <= LightWork ? 1 : 4), elements / PieceColumns));
    }

    /// <summary>Counts the elements.</summary>
    public int Size { get; }

    /// <summary>Tells that every buffer is walked from end to end, so that rows are mere pieces, the last one shorter.</summary>
    public bool IsFlat { get; }

    /// <summary>Counts the rows.</summary>
    public int Rows { get; }

    /// <summary>Counts the elements of a row.</summary>
    public int Columns { get; }

    /// <summary>Counts the rows of a block.</summary>
    public int RowsPerBlock { get; }

    /// <summary>Gives the distance between the rows of a block: 1, unless the rows of one result lie scattered.</summary>
    public int RowStep { get; }

    /// <summary>Counts the blocks.</summary>
    public int Blocks { get; }

    /// <summary>Counts the columns of a piece of a row: all, unless pieces are shared among threads.</summary>
    public int PieceColumns { get; }

    /// <summary>Counts the pieces of a row.</summary>
    public int Pieces { get; }

    /// <summary>Counts the units of work.</summary>
    public long Units => (long)Blocks * Pieces;

    static int PiecesOf(int all, int length) => (int)Extents.PiecesOf(all, length).Value;

    /// <summary>Tells that a tile of a row stays in registers: all its phases, or the sums of its columns over many rows.</summary>
    public bool IsTiled { get; private set; }

    /// <summary>Counts the vectors of a tile.</summary>
    public int TileVectors { get; private set; }

    /// <summary>Counts the rows that one turn of a tile's loop takes, each with sums of its own.</summary>
    public int RowsPerTurn { get; private set; } = 1;

    /// <summary>Counts the rows that one tile walks before its neighbour does, so that what they read stays in cache.</summary>
    public int StripRows { get; }

    /// <summary>Counts the operations, those on the unused lanes of a row's last vector included.</summary>
    public double Work { get; }

    /// <summary>Estimates the instructions that an op takes for a vector.</summary>
    public static int CostOf(Expr e) => Fuse.IsCostly(e.Op) ? 20 : 1;

    static bool IsPerElement(Expr m, Phases phases) =>
        phases.IsPerElement(m) || (m.Op is Reduction && !phases.IsRowFold(m) && phases.IsElementFold(m));

    int Parts => (int)Math.Clamp(Work / BlockWork, 1, MostParts);

    void DecideTiles(LoopStep step, Phases phases, Lanes lanes, int vectors)
    {
        int work = step.Members.Count(phases.IsPerElement),
            sums = step.Members.Count(m => phases.IsColumnFold(m)),
            registers = lanes.Bits == 512 ? 32 : 16;
        bool rows = phases.HasRows;
        bool Fits(int many) => sums * many <= registers * 3 / 4 && work * many <= StraightWork;
        if (IsFlat || vectors == 0)
            return;
        if (
            vectors <= ShortRow && (!rows || work * vectors <= StraightWork)
            || (!rows && sums > 0 && vectors <= LongestTile && Fits(vectors))
        )
            TileVectors = vectors;
        else if (!rows && sums > 0 && work + sums <= LightWork)
            TileVectors = Math.Min(vectors, LongestTile / sums);
        IsTiled = TileVectors > 0;
        if (IsTiled && (sums > 0 || !rows))
            RowsPerTurn = new[] { 4, 2, 1 }.First(u => u == 1 || (Fits(u * TileVectors) && work * u * TileVectors <= StraightWork / 4));
    }

    /// <summary>Finds the longest run of trailing dims along which every outside operand is contiguous or constant.</summary>
    public static int LongestRow(LoopStep step, int limit = int.MaxValue)
    {
        var walks = step
            .Members.Where(m => step.Roles[m] == Role.Full)
            .SelectMany(m =>
                m.Operands.Where(o => !step.Roles.ContainsKey(Geometry.Source(o)) && o.Op is not Const).Select(o => (Operand: o, m.Shape))
            )
            .Distinct()
            .ToList();
        if (limit >= step.Size && walks.TrueForAll(w => Geometry.ColumnStride(w.Operand, w.Shape, step.Size) is not null))
            return step.Size;
        if (walks.Count == 0)
            return limit;
        var shape = walks[0].Shape;
        int best = 1;
        for (int axis = shape.Rank - 1, columns = 1; axis >= 0; axis--)
        {
            columns = (new Extents(columns) * shape[axis]).Fit("compile", $"the elements of {shape}");
            if (columns <= limit && walks.TrueForAll(w => Geometry.ColumnStride(w.Operand, w.Shape, columns) is not null))
                best = columns;
        }
        return best;
    }
}
