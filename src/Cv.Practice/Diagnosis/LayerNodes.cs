using Cv.Dsl;

namespace Cv.Practice;

/// <summary>Finds the layers of a graph: wherever a weight is applied, what it is applied to are a layer's activations.</summary>
static class LayerNodes
{
    /// <summary>Lists the input, what each weighted layer hands to the next, and the scores; each under the name of the layer that made it.</summary>
    public static IReadOnlyList<(string Name, Expr Node)> Of(Expr source, Expr scores)
    {
        var nodes = Expr.Nodes(scores);
        var applied = nodes.Select(n => (Node: n, Weight: WeightOf(n))).Where(a => a.Weight is not null).ToList();
        // the last weight met on the way up to a node: nodes stand in the order of the text
        var made = new Dictionary<Expr, string>();
        foreach (var node in nodes)
            made[node] = WeightOf(node) is { } weight
                ? weight[..^".w".Length]
                : node.Operands.Select(o => made[o]).LastOrDefault(name => name.Length > 0, "");
        var found = new List<(string, Expr)>();
        var seen = new HashSet<Expr>();
        var names = new Dictionary<string, int>();
        foreach (var read in applied.SelectMany(a => a.Node.Operands).Append(scores))
        {
            var node = Unfolded(read);
            if (Parameter(node) is not null || !node.DType.IsFloat() || node.Shape.Rank == 0 || !seen.Add(node))
                continue;
            if (made[node].Length == 0 && node != source)
                continue; // the input, changed by nothing that is trained
            string name = node == source ? ((Named)source.Op).Id : made[node];
            int number = names[name] = names.GetValueOrDefault(name) + 1;
            found.Add((number == 1 ? name : $"{name} ({number})", node));
        }
        return found;
    }

    /// <summary>Sees through a reshape: a flattened image's units are still its channels.</summary>
    static Expr Unfolded(Expr node)
    {
        while (node.Op is Reshape)
            node = node.Operands[0];
        return node;
    }

    static string? WeightOf(Expr node) =>
        node.Op is Movement
            ? null
            : node.Operands.Select(Parameter).FirstOrDefault(id => id?.EndsWith(".w", StringComparison.Ordinal) == true);

    /// <summary>Names the parameter that a node is, or is a movement of.</summary>
    static string? Parameter(Expr node)
    {
        while (node.Op is Movement)
            node = node.Operands[0];
        return (node.Op as Parameter)?.Id;
    }
}
