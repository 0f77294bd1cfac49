using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Finds the node whose own derivative is wrong: each op is checked alone, its operands as inputs with the values that the graph gave them, from the result down.
/// </summary>
static class Blame
{
    public static Expr? Find(Subject subject, Func<Subject, IEnumerable<ElementReport>> compare)
    {
        var walk = new Walk(subject.Y);
        var values = walk.Run(subject.At);
        return walk
            .Nodes.Reverse()
            .FirstOrDefault(n => MayBeWrong(n) && compare(Alone(n, walk, values, subject)).Any(e => e.Verdict == Verdict.Fail));
    }

    static bool MayBeWrong(Expr node) =>
        node.Operands.Length > 0 && node.Op is not StopGradient && node.DType.IsFloat() && node.Shape.Size > 0;

    static Subject Alone(Expr node, Walk walk, double[][] values, Subject subject)
    {
        var inputs = new Dictionary<Expr, Expr>();
        var at = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var operand in node.Operands.Distinct())
        {
            double[] value = values[walk.PlaceOf(operand)];
            // a constant stays, for rules read it; and so does a state, which may be no other leaf
            if (operand.Op is State state)
                at[state.Id] = value;
            if (operand.Op is Const or State)
            {
                inputs[operand] = operand;
                continue;
            }
            string name = $"operand{inputs.Count}";
            inputs[operand] = Expr.Input(name, operand.Shape, operand.DType);
            at[name] = value;
        }
        return subject.Of(node.With([.. node.Operands.Select(o => inputs[o])]), new Point(at));
    }
}
