using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Writes constants and counts out as arrays where something other than a loop reads them: loops make the numbers as they run, but a
/// transposition, say, needs a buffer to read.
/// </summary>
static class WriteOutConstants
{
    public static Graph Run(Graph graph) => graph.Rewrite(WriteOut);

    static Expr? WriteOut(Expr e)
    {
        if (e.Op is Delay || Kernels.IsFold(e.Op) || Kernels.IsElementwise(e) || !e.Operands.Any(o => NeedsBuffer(e, o)))
            return null;
        return e.With([.. e.Operands.Select(o => NeedsBuffer(e, o) ? Array(o) : o)]);
    }

    // a loop reads a reshaped constant as the constant, but a reshaped count by its place
    static bool NeedsBuffer(Expr e, Expr operand) =>
        Geometry.Source(operand).Op is Iota || (e.Op is not Reshape && Geometry.Source(operand).Op is Const);

    static Expr Array(Expr operand)
    {
        var source = Geometry.Source(operand);
        var values = new double[operand.Shape.Size];
        source.Op.Evaluate(source, [], values);
        return Expr.Literal(operand.Shape, values, operand.DType);
    }
}
