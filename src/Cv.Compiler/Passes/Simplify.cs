using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Applies each op's algebra, folds constants, drops broadcasts that a user repeats anyway, and casts that cancel, until nothing changes
/// or the budget is spent. Every rule is exact but for a zero's sign (docs/SEMANTICS.md).
/// </summary>
static class Simplify
{
    const int Rounds = 8;
    const int StepsPerNode = 8;

    public static Graph Run(Graph graph)
    {
        for (int round = 0; round < Rounds; round++)
        {
            var next = graph.Rewrite(Reduce);
            if (next == graph)
                break;
            graph = next;
        }
        return graph;
    }

    static Expr? Reduce(Expr e)
    {
        var now = e;
        for (int step = 0; step < StepsPerNode; step++)
        {
            var next = now.Op.Simplify(now) ?? DropBroadcast(now) ?? HoistBroadcast(now) ?? Fold(now);
            if (next is null || next == now)
                break;
            now = next.Type == now.Type ? next : next.BroadcastTo(now.Shape);
        }
        return now == e ? null : now;
    }

    /// <summary>Lets an elementwise op repeat its operands itself, where its result keeps its shape.</summary>
    static Expr? DropBroadcast(Expr e)
    {
        if (e.Op is StraightThrough or (not Elementwise) || !Kernels.IsOwn(e.Op) || e.Operands.Length < 2)
            return null; // a straight-through wants its operands of one shape, and so may an op of somebody's own
        for (int i = 0; i < e.Operands.Length; i++)
        {
            if (e.Operands[i] is not (Broadcast, [var small]))
                continue;
            bool others = false;
            for (int j = 0; j < e.Operands.Length; j++)
                others |= j != i && e.Operands[j].Shape == e.Shape;
            if (others)
                return Expr.Of(e.Op, e.Operands.SetItem(i, small));
        }
        return null;
    }

    /// <summary>Computes on the small value first: an op of one broadcast and scalars is the broadcast of the op.</summary>
    static Expr? HoistBroadcast(Expr e)
    {
        if (e.Op is not Elementwise || !Kernels.IsOwn(e.Op))
            return null;
        int at = -1;
        for (int i = 0; i < e.Operands.Length; i++)
        {
            if (e.Operands[i].Shape.Rank == 0)
                continue;
            if (at >= 0 || e.Operands[i] is not (Broadcast, _))
                return null;
            at = i;
        }
        return at < 0 ? null : Expr.Of(e.Op, e.Operands.SetItem(at, e.Operands[at].Operands[0])).BroadcastTo(e.Shape);
    }

    /// <summary>Computes an elementwise op of constants by its own reference rule.</summary>
    static Expr? Fold(Expr e)
    {
        if (e.Op is not Elementwise || e.Operands.Length == 0 || !e.Operands.All(o => o.Op is Const))
            return null;
        var values = new double[1];
        e.Op.Evaluate(e, e.Operands.Select(o => new[] { ((Const)o.Op).Value }).ToArray(), values);
        if (!e.DType.Holds(values[0]))
            return null;
        return Expr.Const(values[0], e.DType);
    }
}
