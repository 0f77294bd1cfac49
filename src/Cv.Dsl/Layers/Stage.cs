using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Is one link of a model's chain: what one verb appended.</summary>
/// <example><code>
/// foreach (var stage in model.Stages)
///     Console.WriteLine($"{stage.Name}: {stage.Output.Type}");   // conv1: f32[N,32,32,16]
/// </code></example>
public sealed class Stage
{
    internal Stage(string name, Expr input, Expr output, ImmutableArray<Expr> nodes) =>
        (Name, Input, Output, Nodes) = (name, input, output, nodes);

    /// <summary>
    /// Gives the name of the layer whose parameters it brings, such as conv1 or batchnorm2; else what it does, with a number: relu1, maxpool2; what a function of one's own does
    /// goes by the function's name, or else by the op it ends with. No two stages of a model have
    /// one name.
    /// </summary>
    public string Name { get; }

    /// <summary>Gives the node that the verb was applied to.</summary>
    public Expr Input { get; }

    /// <summary>Gives the node that it made.</summary>
    public Expr Output { get; }

    /// <summary>Lists the nodes that no stage before has, operands first: what it computes, in training and otherwise.</summary>
    public ImmutableArray<Expr> Nodes { get; }

    /// <summary>Lists the parameters that no stage before has.</summary>
    public ImmutableArray<Expr> Parameters => [.. Nodes.Where(e => e.Op is Parameter)];

    /// <summary>Gives the layer that a parameter belongs to by its name: "conv1" of "conv1.w".</summary>
    internal static string LayerOf(string parameter) => parameter.LastIndexOf('.') is > 0 and var dot ? parameter[..dot] : parameter;

    /// <summary>Prints name and type: conv1 : f32[N,32,32,16].</summary>
    public override string ToString() => $"{Name} : {Output.Type}";
}

/// <summary>Notes what a verb appended: a name that was chosen, or else a kind to be numbered, or else neither; and the result.</summary>
readonly record struct Link(string? Name, string? Kind, Expr Output)
{
    /// <summary>Names the links of a chain and finds what each of them adds, in one walk.</summary>
    public static ImmutableArray<Stage> Stages(Expr source, ImmutableArray<Link> links)
    {
        var stages = ImmutableArray.CreateBuilder<Stage>(links.Length);
        HashSet<Expr> seen = [source];
        HashSet<string> taken = [.. links.Select(l => l.Name).OfType<string>()];
        var input = source;
        foreach (var link in links)
        {
            var nodes = Expr.Unseen(seen, link.Output);
            ImmutableArray<Expr> parameters = [.. nodes.Where(e => e.Op is Parameter)];
            stages.Add(new(link.Name ?? Free(taken, link.Kind ?? KindOf(link.Output), parameters), input, link.Output, nodes));
            input = link.Output;
        }
        return stages.MoveToImmutable();
    }

    /// <summary>Gives a method's own name, in small letters: Then(Residual) is a residual. A lambda has none.</summary>
    public static string? KindOf(Func<Expr, Expr> layer) =>
        layer.Method.Name is var name && name.All(char.IsLetterOrDigit) && name is not ("Invoke" or "Apply")
            ? name.ToLowerInvariant()
            : null;

    static string Free(HashSet<string> taken, string kind, ImmutableArray<Expr> parameters)
    {
        string[] layers = [.. parameters.Select(p => Stage.LayerOf(((Parameter)p.Op).Id)).Distinct()];
        if (layers.Length == 1 && taken.Add(layers[0]))
            return layers[0];
        int number = 1;
        while (!taken.Add($"{kind}{number}"))
            number++;
        return $"{kind}{number}";
    }

    static string KindOf(Expr output) =>
        output.Op switch
        {
            WhenTraining => KindOf(output.Operands[0]),
            Remember => KindOf(output.Operands[0]),
            Gated gated => gated.Gate.Name,
            var op => op.Name,
        };
}
