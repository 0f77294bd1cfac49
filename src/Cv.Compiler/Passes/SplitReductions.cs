using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Splits a reduction over scattered axes into reductions over one run of axes each, innermost first, so that every kernel folds either
/// the end of a row or a block of whole rows.
/// </summary>
static class SplitReductions
{
    public static Graph Run(Graph graph) => graph.Rewrite(Split);

    static Expr? Split(Expr e)
    {
        if (e is not (Reduction reduction, [var x]) || !Kernels.IsFold(reduction))
            return null;
        if (x.Shape.Size == 0)
        {
            // where nothing is folded into nothing, any number will do
            double seed = e.Shape.Size == 0 ? 0 : reduction.Seed;
            return e.Like(e.DType == DType.I32 ? Math.Clamp(seed, int.MinValue, int.MaxValue) : seed).BroadcastTo(e.Shape);
        }
        var runs = Runs(x.Shape, reduction.Axes);
        if (runs.Count == 0)
            return x.Reshape(e.Shape);
        if (runs.Count == 1 && runs[0] == reduction.Axes)
            return null;
        var y = x;
        foreach (var run in runs)
            y = Expr.Of(reduction with { Axes = run }, y);
        return y;
    }

    /// <summary>Lists the runs of folded axes, innermost first; axes of extent 1 neither fold nor separate.</summary>
    static List<Axes> Runs(Shape shape, Axes axes)
    {
        var runs = new List<Axes>();
        uint run = 0;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            if (shape[axis].IsOne)
                continue;
            if (axes.Contains(axis))
            {
                run |= 1u << axis;
                continue;
            }
            if (run != 0)
                runs.Add(new(run));
            run = 0;
        }
        if (run != 0)
            runs.Add(new(run));
        return runs;
    }
}
