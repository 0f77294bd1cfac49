using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Tells what the layers of a model make and cost. Prints as a table.</summary>
/// <remarks>
/// Operations are those of one example on its way forward, after training; a multiply-add counts two, and a training step takes about three times as many. The memory of
/// activations is the sum of what all stages make of a batch, as CS231n notes, "Convolutional Networks", count it: what a backward pass looks back at. A compiled function
/// takes less, for it fuses stages and uses memory again.
/// </remarks>
/// <example><code>Console.WriteLine(Models.ConvNetJs([32, 32, 3]).Summary(batch: 64));</code></example>
public sealed class Summary
{
    internal Summary(Model model, int batch)
    {
        Batch = batch;
        var live = Live(model.Output);
        var uses = Uses.Of(model.Output);
        Layers =
        [
            new(((Input)model.Source.Op).Id, model.Source.Type, 0, 0, Bytes(model.Source, batch)),
            .. model.Stages.Select(stage => new LayerSummary(
                stage.Name,
                stage.Output.Type,
                Flops.Sum(stage.Parameters.Select(p => (long)p.Shape.Size)),
                Flops.Sum(stage.Nodes.Where(live.Contains).Select(e => Flops.Of(e, 1))),
                stage.Output.Op is Reshape && stage.Nodes.Length == 1 ? 0 : Bytes(stage.Output, batch),
                Uses.Shared(stage, uses)
            )),
        ];
        ParameterBytes = Flops.Sum(model.Parameters.Select(p => (long)p.Shape.Size * p.DType.ByteSize()));
    }

    /// <summary>Gives the number of examples that memory is counted for.</summary>
    public int Batch { get; }

    /// <summary>Lists the input and each stage, in order.</summary>
    public ImmutableArray<LayerSummary> Layers { get; }

    /// <summary>Counts the numbers that are trained.</summary>
    public long Parameters => Flops.Sum(Layers.Select(l => l.Parameters));

    /// <summary>Counts the floating-point operations of one example, forward.</summary>
    public long Operations => Flops.Sum(Layers.Select(l => l.Operations));

    /// <summary>Gives the bytes of what all layers make of a batch, the input included.</summary>
    public long ActivationBytes => Flops.Sum(Layers.Select(l => l.Bytes));

    /// <summary>Gives the bytes of the parameters; the gradients take as much again, and momentum, and Adam twice as much.</summary>
    public long ParameterBytes { get; }

    /// <summary>Prints the table, and below it what was counted.</summary>
    public override string ToString() => SummaryText.Of(this);

    /// <summary>Collects the nodes that are computed after training.</summary>
    static HashSet<Expr> Live(Expr output)
    {
        HashSet<Expr> live = [output];
        var open = new Stack<Expr>(live);
        while (open.TryPop(out var node))
            foreach (var operand in Computed(node))
                if (live.Add(operand))
                    open.Push(operand);
        return live;
    }

    static ImmutableArray<Expr> Computed(Expr node) =>
        node.Op switch
        {
            WhenTraining => [node.Operands[1]],
            Remember => [node.Operands[0]],
            _ => node.Operands,
        };

    static long Bytes(Expr e, int batch) => (new Extents(Flops.Size(e, batch)) * e.DType.ByteSize()).Value;
}

public static partial class Verbs
{
    /// <summary>Sums up a model: its layers in order, their output shapes, parameters, floating-point operations and memory.</summary>
    /// <inheritdoc cref="Dsl.Summary"/>
    /// <param name="model">The model, as its verbs built it.</param>
    /// <param name="batch">The number of examples that memory is counted for, at least 1.</param>
    /// <exception cref="GraphException">There is no example in the batch.</exception>
    public static Summary Summary(this Model model, int batch = 1) =>
        batch >= 1
            ? new(model, batch)
            : throw new GraphException($"summary: there must be an example in the batch; got {batch}. 1 is usual.");
}
