using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Cuts a graph down, the boldest cut first: a part of it alone; a node replaced by an operand of its type, by a leaf, by 0 or 1; smaller extents; constants of 0
/// and 1. Each result is valid, and simpler in one way, so that cutting ends.
/// </summary>
public static class Shrinking
{
    /// <summary>Lists simpler cases of the same seed.</summary>
    public static IEnumerable<GraphCase> Of(GraphCase graph) =>
        Candidates(graph.Y).Where(y => y != graph.Y && y.DType.IsFloat()).Distinct().Select(y => graph with { Y = y });

    /// <summary>Cuts a case down as long as it still fails: what FsCheck does, without a runner.</summary>
    /// <example><code>var minimal = Shrinking.Minimal(graph, g => Check.Gradient(g.Y, g.At).Verdict == Verdict.Fail);</code></example>
    public static GraphCase Minimal(GraphCase graph, Func<GraphCase, bool> fails)
    {
        while (Of(graph).FirstOrDefault(fails) is { } simpler)
            graph = simpler;
        return graph;
    }

    static IEnumerable<Expr> Candidates(Expr y)
    {
        var inner = Expr.Nodes(y).Where(n => n.Operands.Length > 0).ToList();
        foreach (var node in inner.Where(n => n.DType.IsFloat()))
            yield return node;
        foreach (var node in inner)
        foreach (var operand in node.Operands.Where(o => o.Type == node.Type))
            if (Put(y, node, operand) is { } simpler)
                yield return simpler;
        // a leaf in place of a node that stands on others
        foreach (var node in inner.Where(n => n.DType.IsFloat() && n != y && n.Operands.Any(o => o.Operands.Length > 0 || o.Op is Named)))
            if (Put(y, node, Expr.Input($"cut{inner.IndexOf(node)}", node.Shape, node.DType)) is { } simpler)
                yield return simpler;
        foreach (var leaf in Expr.Nodes(y).Where(n => n.Op is Input && n.DType.IsFloat() && n != y))
        foreach (double value in (double[])[1, 0])
            if (Put(y, leaf, leaf.Like(value).BroadcastTo(leaf.Shape)) is { } simpler)
                yield return simpler;
        // a body in place of the op that runs it, and a value in place of one that waits
        if (inner.Exists(n => n.Op is Scan or Checkpoint) && Valid(() => Unrolled.Of(y)[y]) is { } written)
            yield return written;
        foreach (var checkpoint in inner.Where(n => n.Op is Checkpoint))
            if (Put(y, checkpoint, checkpoint.Op.Expand(checkpoint)!) is { } simpler)
                yield return simpler;
        foreach (var body in inner.Where(n => n.Op is Checkpoint))
        foreach (var simpler in Candidates(((Checkpoint)body.Op).Body.Results[0]).Where(s => s.Type == body.Type && !HasLeaves(s)))
            if (Put(y, body, Expr.Of(new Checkpoint(new(((Checkpoint)body.Op).Body.Arguments, [simpler])), body.Operands)) is { } cut)
                yield return cut;
        foreach (var simpler in Smaller(y))
            yield return simpler;
        foreach (var constant in Expr.Nodes(y).Where(n => n.Op is Const { Value: not (0 or 1) }))
        foreach (double value in (double[])[1, 0])
            if (Put(y, constant, constant.Like(value)) is { } simpler)
                yield return simpler;
    }

    // a leaf that a cut brought has no value in a body
    static bool HasLeaves(Expr y) => Expr.Nodes(y).Any(n => n.Op is Input);

    /// <summary>Makes an extent smaller wherever it stands.</summary>
    static IEnumerable<Expr> Smaller(Expr y)
    {
        foreach (int extent in Expr.Nodes(y).SelectMany(n => n.Shape.ToArray()).Distinct().Where(e => e > 1).OrderDescending())
        foreach (int smaller in extent > 2 ? (int[])[1, 2] : [1])
            if (Valid(() => y.Rebuild((node, operands) => Expr.Of(Resized(node.Op, extent, smaller), operands))) is { } simpler)
                yield return simpler;
    }

    static Op Resized(Op op, int from, int to)
    {
        Shape Of(Shape shape) => Shape.Of(shape.ToArray().Select(d => d == from ? to : d));
        TensorType Typed(TensorType type) => type with { Shape = Of(type.Shape) };
        Body Within(Body body) => body.Rebuild((node, operands) => Expr.Of(Resized(node.Op, from, to), operands));
        return op switch
        {
            Input input => input with { Type = Typed(input.Type) },
            Parameter parameter => parameter with { Type = Typed(parameter.Type) },
            Iota iota => iota with { Type = Typed(iota.Type) },
            Argument argument => argument with { Type = Typed(argument.Type) },
            Scan scan => scan with { Body = Within(scan.Body), Length = scan.Length == from ? to : scan.Length },
            Closure closure => closure with { Body = Within(closure.Body) },
            Part part => part with { Parts = Parts.Of([.. part.Parts.Types.ToArray().Select(Typed)]) },
            Uniform uniform => uniform with { Type = Typed(uniform.Type) },
            Broadcast broadcast => new Broadcast(Of(broadcast.To)),
            Reshape reshape => new Reshape(Of(reshape.To)),
            Extent extent => new Extent(Of(extent.Of), extent.DType),
            Slice slice when slice.Start + (slice.Count - 1) * slice.Step >= to => slice with { Start = 0, Count = to, Step = 1 },
            _ => op,
        };
    }

    static Expr? Put(Expr y, Expr from, Expr to) => Valid(() => y.Rebuild((n, operands) => n == from ? to : n.With(operands)));

    // a cut that does not fit is none
    static Expr? Valid(Func<Expr> make)
    {
        try
        {
            return make();
        }
        catch (GraphException)
        {
            return null;
        }
    }
}
