using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Reads shapes the way kernels walk them: rows of a number of columns.</summary>
static class Geometry
{
    /// <summary>Follows reshapes and delays to the node whose buffer holds the elements.</summary>
    public static Expr Source(Expr e)
    {
        while (e.Op is Reshape or Delay)
            e = e.Operands[0];
        return e;
    }

    /// <summary>Lists the nodes that must be computed before an operand may be read, beside the one that it is read from.</summary>
    public static IEnumerable<Expr> Waits(Expr e)
    {
        for (; e.Op is Reshape or Delay; e = e.Operands[0])
            if (e.Op is Delay)
                yield return Source(e.Operands[1]);
    }

    /// <summary>Tells whether <paramref name="operand"/> is <paramref name="full"/> with its last dims, <paramref name="columns"/> elements in all, turned into 1.</summary>
    public static bool IsPerRow(Shape operand, Shape full, int columns)
    {
        if (operand.Rank != full.Rank)
            return false;
        int folded = 1,
            axis = full.Rank - 1;
        for (; axis >= 0 && folded < columns; axis--)
        {
            if (!operand[axis].IsOne)
                return false;
            folded *= full[axis].Value;
        }
        return folded == columns && operand.Dims[..(axis + 1)].SequenceEqual(full.Dims[..(axis + 1)]);
    }

    /// <summary>
    /// Finds how an operand that broadcasts to <paramref name="full"/> is read along a row of <paramref name="columns"/> elements: 1 where
    /// the row is contiguous, 0 where it is one element, null where it is neither.
    /// </summary>
    public static int? ColumnStride(Expr operand, Shape full, int columns)
    {
        if (columns == 1)
            return 0;
        var strides = Strides(operand, full);
        bool contiguous = true,
            constant = true;
        int expected = 1,
            axis = full.Rank - 1;
        for (; axis >= 0 && expected < columns; axis--)
        {
            int extent = full[axis].Value;
            if (extent == 1)
                continue;
            contiguous &= strides[axis] == expected;
            constant &= strides[axis] == 0;
            expected *= extent;
        }
        return expected != columns ? null
            : contiguous ? 1
            : constant ? 0
            : null;
    }

    /// <summary>Gives the extents and strides of the dims outside a row, of extent over 1, innermost first.</summary>
    public static List<(int Extent, int Stride)> RowStrides(Expr operand, Shape full, int columns)
    {
        var strides = Strides(operand, full);
        var rows = new List<(int Extent, int Stride)>();
        int inner = 1;
        for (int axis = full.Rank - 1; axis >= 0; axis--)
        {
            int extent = full[axis].Value;
            if (extent == 1)
                continue;
            if (inner < columns)
            {
                inner *= extent;
                continue;
            }
            if (rows.Count > 0 && rows[^1] is var last && (long)last.Stride * last.Extent == strides[axis])
                rows[^1] = (last.Extent * extent, last.Stride);
            else
                rows.Add((extent, strides[axis]));
        }
        return rows;
    }

    /// <summary>Gives the strides that read an operand as if it had the full shape; of an iota, the strides of its numbers.</summary>
    static int[] Strides(Expr operand, Shape full)
    {
        if (operand.Op is not Iota iota)
            return Layout.BroadcastStrides(operand.Shape, full);
        var strides = new int[full.Rank];
        strides[iota.Axis] = operand.Shape[iota.Axis].IsOne ? 0 : 1;
        return strides;
    }

    /// <summary>Reads a reduction over one run of axes as (outer, folded, inner) extents; dims of 1 are not among its axes.</summary>
    public static (int Outer, int Folded, int Inner) Fold(Shape shape, Axes axes)
    {
        int outer = 1,
            folded = 1,
            inner = 1;
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            int extent = shape[axis].Value;
            if (extent == 1)
                continue;
            if (axes.Contains(axis))
                folded *= extent;
            else if (axes.Mask >> axis == 0)
                inner *= extent;
            else
                outer *= extent;
        }
        return (outer, folded, inner);
    }
}
