using Cv.Dsl;
using FsCheck;
using FsCheck.Fluent;

namespace Cv.Testing;

/// <summary>Grows random valid graphs of floats, for FsCheck: values stay clear of kinks and of overflow, and what fails shrinks to a minimal graph.</summary>
public static class RandomGraphs
{
    const double Largest = 50;

    /// <summary>Gives graphs and how they shrink.</summary>
    /// <example><code>Prop.ForAll(RandomGraphs.Arbitrary(), graph => Check.Gradient(graph.Y, graph.At).Verdict != Verdict.Fail).QuickCheckThrowOnFailure();</code></example>
    public static Arbitrary<GraphCase> Arbitrary(GrowthOptions? options = null) =>
        Arb.From(Gen.Choose(0, int.MaxValue).Select(seed => Grow(seed, options)), Shrinking.Of);

    /// <summary>Grows one graph. A seed always grows the same one.</summary>
    public static GraphCase Grow(int seed, GrowthOptions? options = null)
    {
        options ??= GrowthOptions.Default;
        var random = new Random(seed);
        var nursery = new Nursery(random, options);
        int rank = random.Next(5);
        nursery.Add(nursery.Leaf(nursery.Shape(rank)));
        int steps = 1 + random.Next(options.Steps);
        // a way that does not fit, or leads near a kink, is another's turn
        for (int tries = 0, grown = 0; grown < steps && tries < 4 * options.Steps; tries++)
        {
            if (Next(nursery, options, random) is not { } next || !IsCalm(next, seed, options))
                continue;
            nursery.Add(next);
            grown++;
        }
        return new(Joined(nursery), seed);
    }

    internal static Expr? Next(Nursery nursery, GrowthOptions options, Random random)
    {
        var ways = options.Own.Length > 0 && random.Next(3) == 0 ? options.Own : options.Ways;
        try
        {
            return ways[random.Next(ways.Length)].Grow(nursery);
        }
        catch (GraphException)
        {
            return null; // shapes that do not fit
        }
    }

    /// <summary>Tells whether all values are finite and not large, and stay on their branches a little way off in a few directions.</summary>
    static bool IsCalm(Expr y, int seed, GrowthOptions options)
    {
        if (!y.DType.IsFloat() || Expr.Nodes(y).Any(n => n.Shape.Size > options.Size))
            return false;
        var at = new GraphCase(y, seed).At;
        var walk = Walk.Opened(y);
        double[][] here = walk.Run(at);
        if (here.Any(values => Array.Exists(values, v => !(Math.Abs(v) <= Largest))))
            return false;
        var subject = new Subject(y, at);
        foreach (var (_, direction) in subject.Directions(2))
        foreach (double step in (ReadOnlySpan<double>)[-0.01, 0.01])
            if (walk.Turned(walk.Run(at.Moved(direction, step)), here) is not null)
                return false;
        return true;
    }

    /// <summary>Joins up to three nodes that nothing reads into one result.</summary>
    static Expr Joined(Nursery nursery)
    {
        var read = nursery.Nodes.SelectMany(n => n.Operands).ToHashSet();
        var sinks = nursery.Nodes.Where(n => !read.Contains(n)).TakeLast(3).ToList();
        return sinks.Count == 1 ? sinks[0] : sinks.Select((s, i) => s.Sum() * (0.5 + i)).Aggregate((a, b) => a + b);
    }
}
