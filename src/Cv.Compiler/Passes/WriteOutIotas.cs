using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Writes a count out as an array where something other than a loop reads it: loops make the numbers as they run, but a transposition, say,
/// needs a buffer to read.
/// </summary>
static class WriteOutIotas
{
    public static Graph Run(Graph graph) => graph.Rewrite(WriteOut);

    static Expr? WriteOut(Expr e)
    {
        if (e.Op is Elementwise or Reduction or Broadcast || !e.Operands.Any(o => o.Op is Iota))
            return null;
        return e.With([.. e.Operands.Select(o => o.Op is Iota ? Array(o) : o)]);
    }

    static Expr Array(Expr iota)
    {
        var values = new double[iota.Shape.Size];
        iota.Op.Evaluate(iota, [], values);
        return Expr.Literal(iota.Shape, values, iota.DType);
    }
}
