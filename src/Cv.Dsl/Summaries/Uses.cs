namespace Cv.Dsl;

/// <summary>Counts the places at which parameters are used, to tell which layers are shared.</summary>
static class Uses
{
    /// <summary>Counts, for each parameter below a node, the nodes that read it; a loop or checkpoint reads it where its body does.</summary>
    public static Dictionary<Expr, int> Of(Expr output)
    {
        var uses = new Dictionary<Expr, int>();
        foreach (var node in Expr.Nodes(output))
            for (int i = 0; i < node.Operands.Length; i++)
                if (node.Operands[i] is { Op: Parameter } parameter)
                    uses[parameter] = uses.GetValueOrDefault(parameter) + At(node, i);
        return uses;
    }

    /// <summary>Names the layers that a stage uses and that are used at several places: "dense1 x 2, dense2 x 2".</summary>
    public static string Shared(Stage stage, Dictionary<Expr, int> uses) =>
        string.Join(
            ", ",
            stage
                .Nodes.SelectMany(n => n.Operands)
                .Where(p => p.Op is Parameter && uses[p] > 1)
                .Distinct()
                .GroupBy(p => Stage.LayerOf(((Parameter)p.Op).Id), p => uses[p])
                .Select(layer => $"{layer.Key} x {layer.Max()}")
        );

    static int At(Expr node, int operand) =>
        node.Op is Closure closure
            ? closure.Body.Nodes.Sum(inner =>
                Enumerable
                    .Range(0, inner.Operands.Length)
                    .Where(i => inner.Operands[i] == closure.Body.Arguments[operand])
                    .Sum(i => At(inner, i))
            )
            : 1;
}
