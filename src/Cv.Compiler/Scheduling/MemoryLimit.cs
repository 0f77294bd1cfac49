using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Refuses, before any memory is taken, code whose arena or whose results pass what one block of memory can hold.</summary>
static class MemoryLimit
{
    const int Shown = 3;

    /// <summary>Checks a plan and its outputs.</summary>
    /// <exception cref="GraphException">They are too large; the message names the largest buffers.</exception>
    public static void Check(Plan plan, ImmutableArray<Expr> outputs)
    {
        if (plan.ArenaBytes > Most)
            throw new GraphException(
                $"compile: what lives between kernels must fit in {Most} bytes; it takes {plan.ArenaBytes}, of which the largest are {string.Join(", ", plan.Largest().Take(Shown).Select(b => Text(b.Slot, b.Bytes)))}. Give smaller batches, or keep less: CompileOptions.Rematerialise, or Checkpoint around the layers."
            );
        foreach (var output in outputs)
            if ((long)output.Shape.Size * output.DType.ByteSize() is var bytes && bytes > Most)
                throw new GraphException(
                    $"compile: a result must fit in {Most} bytes; got {output} with {bytes}. Cut it into several, or use a smaller dtype.",
                    output
                );
    }

    // a line less, for the arena counts in whole elements
    static long Most => Block.MaximumBytes - Block.Line;

    static string Text(Slot slot, long bytes) =>
        slot switch
        {
            Slot.Node(var e) => $"{e} ({bytes})",
            Slot.Temporary { Owner: Expr e } t => $"{t.Purpose} of {e} ({bytes})",
            Slot.Temporary t => $"{t.Purpose} ({bytes})",
            _ => $"{slot} ({bytes})",
        };
}
