namespace Cv.Dsl;

/// <summary>Names layers: their parameters' names begin with the layer's.</summary>
static class LayerNames
{
    /// <summary>Gives the kind with the first number that no layer below a node bears: dense1, dense2, ...</summary>
    public static string Next(Expr x, string kind, string part = "w")
    {
        var taken = Parameters(x);
        int number = 1;
        while (taken.Contains($"{kind}{number}.{part}"))
            number++;
        return $"{kind}{number}";
    }

    /// <summary>Checks that a name somebody chose is not a layer's of the model already.</summary>
    public static void CheckFree(string op, Model model, string? name, string share, string part = "w")
    {
        if (name is not null && Parameters(model.Output).Contains($"{name}.{part}"))
            throw new GraphException(
                $"{op}: a layer's name must be its own; the model already has \"{name}.{part}\". Choose another, or share on purpose: {share}."
            );
    }

    static HashSet<string> Parameters(Expr y) => [.. Expr.Nodes(y).Select(e => e.Op).OfType<Parameter>().Select(p => p.Id)];
}
