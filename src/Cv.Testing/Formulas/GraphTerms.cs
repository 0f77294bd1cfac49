using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Reads a graph of single numbers as one term of its inputs, through gates and whatever expands into elementwise ops.</summary>
sealed class GraphTerms(TermPool pool, IReadOnlyDictionary<string, Term> inputs)
{
    readonly Dictionary<Expr, Term> _known = [];

    public Term Of(Expr node)
    {
        if (!_known.TryGetValue(node, out var known))
            _known[node] = known = Read(node);
        return known;
    }

    Term Read(Expr node) =>
        node.Op switch
        {
            _ when node.Shape.Size != 1 => throw Unknown(node),
            StopGradient or StraightThrough => throw Unknown(node), // their derivative is not that of what they compute
            Named leaf => inputs.TryGetValue(leaf.Id, out var input) ? input : throw Unknown(node),
            Const c when node.DType == DType.Bool => pool.Truth(c.Value != 0),
            Const c => pool.Number(c.Value),
            Literal l => pool.Number(l.Values[0]),
            Gated g => Put(g.Gate.Value, Operands(node)),
            Elementwise op => Put(TermReader.Read(new TermPool(), op.Scalar, node.Op.Name, allowsOwn: true), Operands(node)),
            Reshape or Broadcast or Transpose or ReduceSum or ReduceMax or ReduceMin when node.Operands[0].Shape.Size == 1 => Of(
                node.Operands[0]
            ),
            _ => node.Op.Expand(node) is { } expansion ? Of(expansion) : throw Unknown(node),
        };

    Term[] Operands(Expr node) => [.. node.Operands.Select(Of)];

    /// <summary>Puts terms in the place of a term's arguments.</summary>
    Term Put(Term t, Term[] arguments)
    {
        var known = new Dictionary<Term, Term>();
        return Put(t);

        Term Put(Term t)
        {
            if (known.TryGetValue(t, out var made))
                return made;
            Term[] parts = [.. t.Parts.Select(Put)];
            return known[t] = t.Head switch
            {
                Head.Argument => arguments[(int)t.Value],
                Head.Number => pool.Number(t.Value),
                Head.Truth => pool.Truth(t.Value != 0),
                Head.Choose => pool.Choose(parts[0], parts[1], parts[2]),
                Head.Call => pool.Call(t.Function!, parts),
                _ => pool.Of(t.Head, parts),
            };
        }
    }

    static UnknownToOracleException Unknown(Expr node) =>
        new($"check: a formula is made of elementwise ops on single numbers; got {node}. Check it by differences.");
}
