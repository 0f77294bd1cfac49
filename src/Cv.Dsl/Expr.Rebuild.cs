using System.Collections.Immutable;

namespace Cv.Dsl;

public sealed partial class Expr
{
    /// <summary>
    /// Builds the graph anew from its leaves up: <paramref name="make"/> gets each node with its operands as they were rebuilt, and gives what stands in its
    /// place. Walks without recursion, each node once.
    /// </summary>
    /// <example><code>Expr plain = loss.Rebuild((e, operands) => e.Op is StopGradient ? operands[0] : e.With(operands));</code></example>
    public Expr Rebuild(Func<Expr, ImmutableArray<Expr>, Expr> make) => Rebuild([this], make)[0];

    /// <summary>Builds several graphs anew, what they share once.</summary>
    internal static ImmutableArray<Expr> Rebuild(ImmutableArray<Expr> roots, Func<Expr, ImmutableArray<Expr>, Expr> make)
    {
        var rebuilt = new Dictionary<Expr, Expr>();
        foreach (var node in Nodes([.. roots]))
        {
            using var from = Origins.From(node);
            rebuilt[node] = make(node, [.. node.Operands.Select(o => rebuilt[o])]);
        }
        return [.. roots.Select(root => rebuilt[root])];
    }

    /// <summary>Puts other nodes in the place of some: every use of a key becomes its value, and all else is built anew around it.</summary>
    /// <example><code>Expr onTest = scores.Substitute(new Dictionary&lt;Expr, Expr> { [x] = testImages });</code></example>
    /// <exception cref="ShapeException">A value's dtype or shape is not its key's.</exception>
    public Expr Substitute(IReadOnlyDictionary<Expr, Expr> map)
    {
        foreach (var (from, to) in map)
            if (from.Type != to.Type)
                throw new ShapeException(
                    $"substitute: a node may be replaced only by one of its own type; got {to.Type} for {from}. Cast or reshape the replacement."
                );
        return Rebuild((node, operands) => map.TryGetValue(node, out var to) ? to : node.With(operands));
    }

    /// <summary>Replaces symbols by numbers, in every shape of the graph; symbols without a binding stay.</summary>
    /// <example><code>Expr ofEight = scores.Bind(new Dictionary&lt;string, int> { ["N"] = 8 });   // f32[N,10] -> f32[8,10]</code></example>
    public Expr Bind(IReadOnlyDictionary<string, int> binding) => Rebuild((node, operands) => Of(node.Op.Bind(binding), operands));

    /// <summary>
    /// Turns every float of the graph into <paramref name="to"/>, as if it had been written so: inputs, parameters, state, constants and casts; integers and truth
    /// values stay. Gradient checks run in f64 this way.
    /// </summary>
    /// <remarks>From f32, constants are read as they print: 0.1f becomes 0.1.</remarks>
    /// <exception cref="ShapeException">The dtype is not f32 or f64.</exception>
    public Expr WithDType(DType to)
    {
        if (!to.IsFloat())
            throw new ShapeException(
                $"with_dtype: the dtype must be f32 or f64; got {to.Text()}. Integers and truth values stay as they are."
            );
        return Rebuild((node, operands) => Retype(node, operands, to));
    }

    static Expr Retype(Expr node, ImmutableArray<Expr> operands, DType to) =>
        node.Op switch
        {
            Cast cast when cast.To.IsFloat() => operands[0].Cast(to),
            Leaf when !node.DType.IsFloat() => node,
            Const c => Const(AsWritten(c.Value, c.DType), to),
            Literal l => Literal(l.Type.Shape, [.. l.Values.ToArray().Select(v => AsWritten(v, l.Type.DType))], to),
            Extent e => Of(new Extent(e.Of, to)),
            Uniform u => Of(u with { Type = u.Type with { DType = to } }, operands),
            Leaf leaf => Of(leaf with { Type = leaf.Type with { DType = to } }),
            Closure c => Of(c with { Body = c.Body.Rebuild((e, inner) => Retype(e, inner, to)) }, operands),
            Part p => Part.Of(p.Parts.WithDType(to), p.Index, operands[0]),
            Elementwise => node.With(WithPacks(operands)),
            _ => node.With(operands),
        };

    /// <summary>Turns numbers to f64 where one of them is several values end to end, which are f64 whatever they hold.</summary>
    static ImmutableArray<Expr> WithPacks(ImmutableArray<Expr> operands)
    {
        var floats = operands.Where(o => o.DType.IsFloat()).Select(o => o.DType).Distinct();
        return floats.Count() < 2 ? operands : [.. operands.Select(o => o.DType.IsFloat() ? o.Cast(DType.F64) : o)];
    }

    static double AsWritten(double value, DType dtype) => dtype == DType.F32 ? AsWritten((float)value) : value;
}
