namespace Cv.Dsl;

/// <summary>Finds elements in row-major arrays: strides, and the offset of each element of a walk.</summary>
public static class Layout
{
    /// <summary>Gives the row-major stride of each axis, in elements.</summary>
    public static int[] Strides(ReadOnlySpan<int> dims)
    {
        var strides = new int[dims.Length];
        long stride = 1;
        for (int axis = dims.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = (int)stride;
            stride = Math.Min(stride * dims[axis], int.MaxValue); // only a tensor without elements has a stride beyond, and none of its elements is looked for
        }
        return strides;
    }

    /// <summary>Gives the strides that read an operand as if it had the result's shape: 0 where it broadcasts.</summary>
    public static int[] BroadcastStrides(Shape operand, Shape result)
    {
        if (operand.Rank == 0)
            return new int[result.Rank];
        var dims = operand.ToArray();
        var strides = Strides(dims);
        for (int axis = 0; axis < dims.Length; axis++)
            if (dims[axis] == 1)
                strides[axis] = 0;
        return strides;
    }

    /// <summary>Lists, for each element of a row-major walk over <paramref name="dims"/>, its offset under <paramref name="strides"/>.</summary>
    public static int[] Offsets(ReadOnlySpan<int> dims, ReadOnlySpan<int> strides, int start = 0)
    {
        int size = Shape.Of(dims.ToArray()).Size;
        var offsets = new int[size];
        var at = new int[dims.Length];
        for (int i = 0, offset = start; i < size; i++)
        {
            offsets[i] = offset;
            for (int axis = dims.Length - 1; axis >= 0; axis--)
            {
                offset += strides[axis];
                if (++at[axis] < dims[axis])
                    break;
                offset -= strides[axis] * dims[axis];
                at[axis] = 0;
            }
        }
        return offsets;
    }
}
