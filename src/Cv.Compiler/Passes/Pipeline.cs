using System.Collections.Immutable;

namespace Cv.Compiler;

/// <summary>Lists the passes, in order. Differentiation comes before: it is the author's to ask for.</summary>
public static class Pipeline
{
    /// <summary>Gives the passes that run once a graph's symbols are bound.</summary>
    public static ImmutableArray<Pass> Passes { get; } =
    [
        new("simplify", Simplify.Run),
        new("expand", Expand.Run),
        new("simplify expanded", Simplify.Run),
        new("split reductions", SplitReductions.Run),
        new("write out constants", WriteOutConstants.Run),
    ];
}
