using System.Collections.Immutable;

namespace Cv.Compiler;

/// <summary>Lists the passes, in order. Differentiation comes before: it is the author's to ask for.</summary>
public static class Pipeline
{
    /// <summary>Gives the passes that run once a graph's symbols are bound.</summary>
    public static ImmutableArray<Pass> Passes { get; } =
    [
        new("tidy scans", TidyScans.Run),
        new("simplify", Simplify.Run),
        new("stabilise", Stabilise.Run),
        new("expand", Expand.Run),
        new("stabilise expanded", Stabilise.Run),
        new("simplify expanded", Simplify.Run),
        new("split reductions", SplitReductions.Run),
        new("write out constants", WriteOutConstants.Run),
    ];

    /// <summary>Gives the passes that run for these options: with fast math, its own before the last simplification.</summary>
    public static ImmutableArray<Pass> For(CompileOptions options)
    {
        if (!options.FastMath)
            return Passes;
        int last = Passes.IndexOf(Passes.First(p => p.Name == "simplify expanded"));
        return Passes.Insert(last, new("fast math", FastMath.Run));
    }
}
