namespace Cv.Dsl;

/// <summary>
/// Unifies the shapes of an elementwise op: equal ranks, and in each place equal dims or a 1; a scalar goes with anything. Raising a
/// rank silently, the classic (N) with (N,1) mistake, is an error.
/// </summary>
static class Broadcasting
{
    public static Shape Unify(string op, ReadOnlySpan<TensorType> operands)
    {
        var result = operands[0];
        for (int i = 1; i < operands.Length; i++)
        {
            // pair by pair first, so that a message names two operands and not what came of some
            for (int j = 0; j < i; j++)
                Unify(op, operands[j], operands[i]);
            result = new(result.DType, Unify(op, result, operands[i]));
        }
        return result.Shape;
    }

    static Shape Unify(string op, TensorType a, TensorType b)
    {
        if (a.Shape.Rank == 0 || b.Shape.Rank == 0)
            return a.Shape.Rank == 0 ? b.Shape : a.Shape;
        if (a.Shape.Rank != b.Shape.Rank)
            throw new ShapeException(
                $"{op}: ranks must agree, or one side be a scalar; got {a} and {b} (rank {a.Shape.Rank} != {b.Shape.Rank}). {RankFix(a, b)}"
            );
        var dims = new Dim[a.Shape.Rank];
        for (int axis = 0; axis < dims.Length; axis++)
        {
            var (p, q) = (a.Shape[axis], b.Shape[axis]);
            if (p != q && !p.IsOne && !q.IsOne)
                throw new ShapeException(
                    $"{op}: dims must agree, or one be 1; got {a} and {b} ({p} != {q} at axis {axis}). {DimFix(a, b, axis)}"
                );
            dims[axis] = p.IsOne ? q : p;
        }
        return new(dims);
    }

    static string RankFix(TensorType a, TensorType b)
    {
        var low = a.Shape.Rank < b.Shape.Rank ? a : b;
        int missing = Math.Abs(a.Shape.Rank - b.Shape.Rank);
        var dims = Enumerable.Repeat("1", missing).Concat(low.Shape.Dims.ToArray().Select(d => d.IsKnown ? d.ToString() : $"\"{d}\""));
        string list = string.Join(", ", dims);
        return $"Write the missing dims: Reshape({(low.Shape.IsKnown ? list : $"[{list}]")})?";
    }

    static string DimFix(TensorType a, TensorType b, int axis)
    {
        if (!a.Shape[axis].IsKnown || !b.Shape[axis].IsKnown)
            return "Give both the same number or the same symbol.";
        return a.Shape.Rank == 2 && a.Shape[0] == b.Shape[1] && a.Shape[1] == b.Shape[0]
            ? "Transpose the second?"
            : "Slice, reshape or reduce one of them.";
    }
}
