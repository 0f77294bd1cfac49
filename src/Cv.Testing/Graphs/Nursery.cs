using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Holds what a random graph can grow on: its nodes so far, and leaves that are made when asked for. All floats are f64.</summary>
public sealed class Nursery
{
    readonly List<Expr> _nodes = [];
    readonly GrowthOptions _options;
    readonly Nursery? _outside;
    int _leaves;

    internal Nursery(Random random, GrowthOptions options, Nursery? outside = null)
    {
        (Random, _options, _outside) = (random, options, outside);
        Depth = outside is null ? 0 : outside.Depth + 1;
    }

    /// <summary>Counts the bodies that the graph which grows here is within.</summary>
    public int Depth { get; }

    /// <summary>Gives the source of all choices.</summary>
    public Random Random { get; }

    /// <summary>Lists the nodes so far, of floats, the newest last.</summary>
    public IReadOnlyList<Expr> Nodes => _nodes;

    /// <summary>Takes a node, mostly one of the newest, so that graphs grow deep.</summary>
    public Expr Any() => _nodes[Random.Next(3) == 0 ? Random.Next(_nodes.Count) : Random.Next(Math.Max(0, _nodes.Count - 3), _nodes.Count)];

    /// <summary>Takes a node of some rank at least, or makes a leaf of one.</summary>
    public Expr OfRank(int least) => _nodes.LastOrDefault(n => n.Shape.Rank >= least && Random.Next(3) != 0) ?? Leaf(Shape(least));

    /// <summary>Takes a node that broadcasts with another: one that is there, or a leaf, of which some dims may be 1, or a scalar.</summary>
    public Expr Partner(Expr x)
    {
        var fitting = _nodes.Where(n => Fits(n.Shape, x.Shape)).ToList();
        if (fitting.Count > 0 && Random.Next(3) != 0)
            return fitting[Random.Next(fitting.Count)];
        if (Random.Next(6) == 0)
            return Leaf(default);
        return Leaf(Dsl.Shape.Of(x.Shape.ToArray().Select(d => Random.Next(3) == 0 ? 1 : d)));
    }

    /// <summary>Makes a leaf of this shape.</summary>
    public Expr Leaf(Shape shape, DType dtype = DType.F64) =>
        _outside is null ? Expr.Input($"x{_leaves++}", shape, dtype) : _outside.Leaf(shape, dtype);

    /// <summary>Grows what a body makes of its arguments, of nodes outside of it, and of leaves.</summary>
    public Expr Grown(IReadOnlyList<Expr> arguments)
    {
        var inside = new Nursery(Random, _options, this);
        for (int outer = Random.Next(3); outer > 0; outer--)
            inside.Add(Any());
        foreach (var argument in arguments)
            inside.Add(argument);
        int steps = 1 + Random.Next(3);
        for (int tries = 0, grown = 0; grown < steps && tries < 4 * steps; tries++)
            if (RandomGraphs.Next(inside, _options, Random) is { } next && next.DType.IsFloat() && next.Shape.Size <= _options.Size)
            {
                inside.Add(next);
                grown++;
            }
        return inside.Nodes[^1];
    }

    /// <summary>Draws a shape: distinct primes, so that no axis passes for another; ones, which broadcast; seldom a 0.</summary>
    public Shape Shape(int rank)
    {
        int[] primes = [2, 3, 5, 7];
        Random.Shuffle(primes);
        int empty = _options.AllowEmpty && Random.Next(12) == 0 ? Random.Next(Math.Max(1, rank)) : -1;
        return Dsl.Shape.Of(
            Enumerable
                .Range(0, rank)
                .Select(axis =>
                    axis == empty ? 0
                    : Random.Next(4) == 0 ? 1
                    : primes[axis % primes.Length]
                )
        );
    }

    /// <summary>Draws an axis of a node.</summary>
    public int Axis(Expr x) => Random.Next(x.Shape.Rank);

    /// <summary>Draws some axes of a node, at least one.</summary>
    public int[] Axes(Expr x)
    {
        int[] axes = [.. Enumerable.Range(0, x.Shape.Rank)];
        Random.Shuffle(axes);
        return axes[..(1 + Random.Next(axes.Length))];
    }

    internal void Add(Expr node) => _nodes.Add(node);

    static bool Fits(Shape a, Shape b) =>
        a.Rank == 0 || b.Rank == 0 || (a.Rank == b.Rank && Enumerable.Range(0, a.Rank).All(i => a[i] == b[i] || a[i].IsOne || b[i].IsOne));
}
