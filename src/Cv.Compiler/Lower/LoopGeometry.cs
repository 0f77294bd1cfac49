using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Lays the elements of a loop kernel out as rows, and the rows as blocks. Blocks are the units that threads share and that partial results
/// belong to; they depend on the shape alone.
/// </summary>
sealed class LoopGeometry
{
    const int FlatRow = 4096;
    const int BlockElements = 8192;

    public LoopGeometry(LoopStep step)
    {
        int columns = step.Columns != 0 ? step.Columns : LongestRow(step);
        IsFlat = step.Columns == 0 && columns == step.Size;
        Size = step.Size;
        Columns = IsFlat ? Math.Min(FlatRow, Math.Max(1, Size)) : columns;
        Rows = IsFlat ? (Size + Columns - 1) / Columns : Size / Columns;
        bool tails = step.Roles.ContainsValue(Role.Tail);
        RowsPerBlock =
            step.Outer > 1 ? Rows / step.Outer
            : tails && Size <= 4 * BlockElements ? Math.Max(1, Rows)
            : Math.Max(1, BlockElements / Math.Max(1, Columns));
        Blocks = Math.Max(tails ? 1 : 0, (Rows + RowsPerBlock - 1) / RowsPerBlock);
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

    /// <summary>Counts the blocks.</summary>
    public int Blocks { get; }

    /// <summary>Finds the longest run of trailing dims along which every outside operand is contiguous or constant.</summary>
    static int LongestRow(LoopStep step)
    {
        var walks = step
            .Members.Where(m => step.Roles[m] == Role.Full)
            .SelectMany(m =>
                m.Operands.Where(o => !step.Roles.ContainsKey(Geometry.Source(o)) && o.Op is not Const).Select(o => (Operand: o, m.Shape))
            )
            .Distinct()
            .ToList();
        if (walks.TrueForAll(w => Geometry.ColumnStride(w.Operand, w.Shape, step.Size) is not null))
            return step.Size;
        var shape = walks[0].Shape;
        int best = 1;
        for (int axis = shape.Rank - 1, columns = 1; axis >= 0; axis--)
        {
            columns *= shape[axis].Value;
            if (walks.TrueForAll(w => Geometry.ColumnStride(w.Operand, w.Shape, columns) is not null))
                best = columns;
        }
        return best;
    }
}
