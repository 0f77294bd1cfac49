using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>
/// Holds a graph as a value, a function from arguments to results, for an op that runs it: <see cref="Scan"/>, <see cref="Checkpoint"/>. Nothing in it comes from outside
/// but by an argument. Equal by content, for nodes are interned.
/// </summary>
public sealed class Body : IEquatable<Body>
{
    readonly Lazy<ImmutableArray<Expr>> _nodes;

    internal Body(ImmutableArray<Expr> arguments, ImmutableArray<Expr> results)
    {
        (Arguments, Results) = (arguments, results);
        _nodes = new(() => Expr.Nodes([.. results]));
    }

    /// <summary>Gives what the body is given, an <see cref="Argument"/> each.</summary>
    public ImmutableArray<Expr> Arguments { get; }

    /// <summary>Gives what it computes.</summary>
    public ImmutableArray<Expr> Results { get; }

    /// <summary>Gives every node that the results are made of once, operands before users.</summary>
    public ImmutableArray<Expr> Nodes => _nodes.Value;

    /// <summary>
    /// Cuts results off at the nodes that are to be arguments. What depends on none of them is computed outside, once, and comes in as a further argument; but constants,
    /// and what only repeats or renames elements, stay with those who read them. What nodes in between remember is taken out of them.
    /// </summary>
    internal static Closed Close(ImmutableArray<Expr> arguments, ImmutableArray<Expr> results)
    {
        var nodes = Expr.Nodes([.. results]);
        var inside = new HashSet<Expr>(arguments);
        foreach (var e in nodes)
            if (e.Operands.Any(inside.Contains))
                inside.Add(e);
        var closed = new Dictionary<Expr, Expr>();
        var names = new Dictionary<string, int>();
        foreach (var argument in arguments)
            closed[argument] = Named(argument.Op is Argument given ? given.Kind : "x", argument.Type);
        var wanted = new HashSet<Expr>(results);
        foreach (var e in nodes.Reverse())
            if (wanted.Contains(e) && !closed.ContainsKey(e) && (inside.Contains(e) || Stays(e)))
                wanted.UnionWith(e.Op is Remember ? [e.Operands[0]] : e.Operands);
        var captured = ImmutableArray.CreateBuilder<Expr>();
        var remembered = ImmutableArray.CreateBuilder<(Expr State, Expr Next, bool IsInside)>();
        foreach (var e in nodes)
        {
            if (closed.ContainsKey(e) || !wanted.Contains(e))
                continue;
            using var from = Origins.From(e);
            if (inside.Contains(e) && e.Op is Remember)
            {
                closed[e] = closed[e.Operands[0]];
                remembered.Add((e.Operands[1], e.Operands[2], inside.Contains(e.Operands[2])));
            }
            else if (inside.Contains(e) || Stays(e))
                closed[e] = e.With([.. e.Operands.Select(o => closed[o])]);
            else
            {
                closed[e] = Named("constant", e.Type);
                captured.Add(e);
            }
        }
        var body = new Body([.. arguments.Select(a => closed[a]), .. captured.Select(e => closed[e])], [.. results.Select(r => closed[r])]);
        return new(body, captured.ToImmutable(), remembered.ToImmutable());

        Expr Named(string kind, TensorType type)
        {
            int number = names.GetValueOrDefault(kind);
            names[kind] = number + 1;
            return Expr.Of(new Argument($"{kind} {number}", type));
        }
    }

    /// <summary>Holds what a cut gives.</summary>
    /// <param name="Body">The body.</param>
    /// <param name="Captured">The nodes outside that its further arguments stand for.</param>
    /// <param name="Remembered">What nodes in it asked a training step to remember, and whether the value is made in the body.</param>
    internal readonly record struct Closed(
        Body Body,
        ImmutableArray<Expr> Captured,
        ImmutableArray<(Expr State, Expr Next, bool IsInside)> Remembered
    );

    /// <summary>Gives the results with other nodes in the place of the arguments.</summary>
    internal ImmutableArray<Expr> Open(IReadOnlyList<Expr> values)
    {
        var map = new Dictionary<Expr, Expr>();
        for (int i = 0; i < Arguments.Length; i++)
            map[Arguments[i]] = values[i];
        return Expr.Rebuild(Results, (e, operands) => map.TryGetValue(e, out var value) ? value : e.With(operands));
    }

    /// <summary>Gives fresh arguments, and the results made of them: a start for a new body around this one.</summary>
    internal (ImmutableArray<Expr> Arguments, ImmutableArray<Expr> Results) Fresh()
    {
        var fresh = Arguments.Select(a => Argument.Fresh(((Argument)a.Op).Kind, a.Type)).ToImmutableArray();
        return (fresh, Open(fresh));
    }

    /// <summary>Builds the body anew from its arguments up; this same body when nothing changed.</summary>
    internal Body Rebuild(Func<Expr, ImmutableArray<Expr>, Expr> make)
    {
        var all = Expr.Rebuild([.. Arguments, .. Results], make);
        return all.SequenceEqual(Arguments.Concat(Results)) ? this : new(all[..Arguments.Length], all[Arguments.Length..]);
    }

    /// <summary>Computes the results by plain loops, node by node, as an interpreter does.</summary>
    /// <param name="values">The values of the arguments, row-major.</param>
    /// <param name="seen">Is shown each node with its operands' values and its own; null for no one.</param>
    internal double[][] Run(IReadOnlyList<double[]> values, Action<Expr, double[][], double[]>? seen = null)
    {
        var known = new Dictionary<Expr, double[]>();
        for (int i = 0; i < Arguments.Length; i++)
            known[Arguments[i]] = values[i];
        foreach (var e in Nodes)
        {
            if (known.ContainsKey(e))
                continue;
            var result = new double[e.Shape.Size];
            double[][] operands = [.. e.Operands.Select(o => known[o])];
            e.Op.Evaluate(e, operands, result);
            e.DType.Round(result);
            known[e] = result;
            seen?.Invoke(e, operands, result);
        }
        return [.. Results.Select(r => known[r])];
    }

    /// <inheritdoc/>
    public bool Equals(Body? other) =>
        ReferenceEquals(this, other)
        || (
            other is not null
            && Results.AsSpan().SequenceEqual(other.Results.AsSpan())
            && Arguments.AsSpan().SequenceEqual(other.Arguments.AsSpan())
        );

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Body);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Arguments.Length);
        foreach (var result in Results)
            hash.Add(RuntimeHelpers.GetHashCode(result));
        return hash.ToHashCode();
    }

    /// <summary>Prints the types: (f32[3], f32[4]) -> (f32[3]).</summary>
    public override string ToString() =>
        $"({string.Join(", ", Arguments.Select(a => a.Type))}) -> ({string.Join(", ", Results.Select(r => r.Type))})";

    /// <summary>Tells that a node had better be with those who read it than be computed outside: it costs nothing where a loop reads it, and a buffer where not.</summary>
    static bool Stays(Expr e) => e.Op is Const or Extent or Iota or Broadcast or Reshape;
}
