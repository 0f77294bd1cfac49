using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>
/// Writes scans and checkpoints out: a scan as its steps, one after the other, a checkpoint as its body. So every op of a body is a node of the graph, whose branches can be
/// watched and whose part in a derivative can be told.
/// </summary>
static class Unrolled
{
    /// <summary>Writes out what the roots are made of, and gives what stands in the place of each node.</summary>
    public static Dictionary<Expr, Expr> Of(params Expr[] roots)
    {
        var map = new Dictionary<Expr, Expr>();
        Walk(roots, map);
        return map;
    }

    static void Walk(Expr[] roots, Dictionary<Expr, Expr> map)
    {
        foreach (var node in Expr.Nodes(roots))
            if (!map.ContainsKey(node))
                map[node] = Written(node, [.. node.Operands.Select(o => map[o])], map);
    }

    static Expr Written(Expr node, ImmutableArray<Expr> operands, Dictionary<Expr, Expr> map) =>
        node.Op switch
        {
            Scan scan => Pack.Of(Steps(scan, operands, map)),
            Checkpoint checkpoint => Opened(checkpoint.Body, operands, map)[0],
            Part part => Part.Of(part.Parts, part.Index, operands[0]),
            _ => node.With(operands),
        };

    static ImmutableArray<Expr> Steps(Scan scan, ImmutableArray<Expr> operands, Dictionary<Expr, Expr> map)
    {
        int length = scan.Length.Value,
            leading = scan.States + scan.Sequences;
        var outputs = new Expr[scan.Body.Results.Length - scan.States, length];
        Expr[] given = [.. operands];
        for (int step = 0; step < length; step++)
        {
            int at = scan.Reverse ? length - 1 - step : step;
            for (int i = scan.States; i < leading; i++)
                given[i] = operands[i].Slice(0, at, 1).Reshape(scan.Body.Arguments[i].Shape);
            var results = Opened(scan.Body, given, map);
            for (int i = 0; i < results.Length; i++)
                if (i < scan.States)
                    given[i] = results[i];
                else
                    outputs[i - scan.States, at] = results[i];
        }
        var parts = scan.Parts;
        return
        [
            .. given.Take(scan.States),
            .. Enumerable
                .Range(0, outputs.GetLength(0))
                .Select(o =>
                    length == 0
                        ? Expr.Const(0, parts[scan.States + o].DType).BroadcastTo(parts[scan.States + o].Shape)
                        : Expr.Concat(0, [.. Enumerable.Range(0, length).Select(at => Stacked(outputs[o, at]))])
                ),
        ];
    }

    static Expr Stacked(Expr output) => output.Reshape(new Shape([1, .. output.Shape.Dims]));

    static ImmutableArray<Expr> Opened(Body body, IReadOnlyList<Expr> values, Dictionary<Expr, Expr> map)
    {
        foreach (var value in values)
            map.TryAdd(value, value);
        var opened = body.Open(values);
        Walk([.. opened], map);
        return [.. opened.Select(o => map[o])];
    }
}
