using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>One way in which a random graph grows: by an op, a gate, a layer.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Grow">Makes a node of floats from those at hand, or null where none fits.</param>
/// <example><code>var swish = new Growth("swish", nursery => nursery.Any() is var x ? x * x.Sigmoid() : null);</code></example>
public sealed record Growth(string Name, Func<Nursery, Expr?> Grow)
{
    /// <summary>Makes a way to grow of a function of one node, such as a gate.</summary>
    public static Growth Of(string name, Func<Expr, Expr> gate) => new(name, nursery => gate(nursery.Any()));
}

/// <summary>Says how random graphs grow.</summary>
public sealed record GrowthOptions
{
    /// <summary>Gives the default settings: every op of the library, ten steps at most.</summary>
    public static GrowthOptions Default { get; } = new();

    /// <summary>Gives the most nodes that are added to the leaves; each may bring a few of its own.</summary>
    public int Steps { get; init; } = 10;

    /// <summary>Gives the most elements that a node may have.</summary>
    public int Size { get; init; } = 500;

    /// <summary>Tells whether a dim may be 0.</summary>
    public bool AllowEmpty { get; init; } = true;

    /// <summary>Lists the ways to grow.</summary>
    public ImmutableArray<Growth> Ways { get; init; } = Growths.All;

    /// <summary>Lists ways of the user's own, which are taken for every third node.</summary>
    public ImmutableArray<Growth> Own { get; init; } = [];

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(GrowthOptions), PrintMembers);
}
