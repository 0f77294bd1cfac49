using Cv.Dsl;

namespace Cv.Testing;

/// <summary>A random graph and where it is looked at, as a counter-example prints it: code in C# and F# that builds it, and the seed.</summary>
/// <param name="Y">The graph's result, f64 and without symbols.</param>
/// <param name="Seed">The seed that it grew from, and that its leaves' numbers are drawn from.</param>
public sealed record GraphCase(Expr Y, int Seed)
{
    readonly Point? _at;

    /// <summary>Makes a case of a point that was not drawn.</summary>
    internal GraphCase(Expr y, Point at)
        : this(y, 0) => _at = at;

    /// <summary>Gives the numbers of the leaves, each drawn from the seed and its own name: a graph that is cut down keeps those of what is left.</summary>
    public Point At =>
        _at
        ?? new(
            Point
                .Leaves(Y)
                .ToDictionary(
                    l => ((Named)l.Op).Id,
                    l => Point.Random(Seed ^ Hash(((Named)l.Op).Id), l)[((Named)l.Op).Id],
                    StringComparer.Ordinal
                )
        );

    /// <summary>Prints the graph and its point as C# and as F#, both of which compile, and the seed.</summary>
    public override string ToString() =>
        $"// C#\n{GraphCode.CSharp(Y)}\n{At.CSharp()}\n// F#\n{GraphCode.FSharp(Y)}\n{At.FSharp()}{(_at is null ? $"\n// seed {Seed}" : "")}";

    // string.GetHashCode differs from run to run
    static int Hash(string name) => name.Aggregate(17, (hash, c) => hash * 31 + c);
}
