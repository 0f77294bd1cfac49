using Cv.Dsl;

namespace Cv.Testing;

/// <summary>A random graph and where it is looked at, as a counter-example prints it: code in C# and F# that builds it, and the seed.</summary>
/// <param name="Y">The graph's result, f64 and without symbols.</param>
/// <param name="Seed">The seed that it grew from, and that its leaves' numbers are drawn from.</param>
public sealed record GraphCase(Expr Y, int Seed)
{
    /// <summary>Gives the numbers of the leaves, each drawn from the seed and its own name: a graph that is cut down keeps those of what is left.</summary>
    public Point At =>
        new(
            Point
                .Leaves(Y)
                .ToDictionary(
                    l => ((Named)l.Op).Id,
                    l => Point.Random(Seed ^ Hash(((Named)l.Op).Id), l)[((Named)l.Op).Id],
                    StringComparer.Ordinal
                )
        );

    /// <summary>Prints the graph as C# and as F#, its point and its seed.</summary>
    public override string ToString() => $"// C#\n{GraphCode.CSharp(Y)}\n// F#\n{GraphCode.FSharp(Y)}\n// at {At}\n// seed {Seed}";

    // string.GetHashCode differs from run to run
    static int Hash(string name) => name.Aggregate(17, (hash, c) => hash * 31 + c);
}
