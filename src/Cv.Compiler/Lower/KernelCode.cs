using System.Collections.Immutable;
using System.Linq.Expressions;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Names a buffer that a kernel needs; the plan gives it an address.</summary>
abstract record Slot
{
    /// <summary>Is the buffer of a node's value.</summary>
    public sealed record Node(Expr Source) : Slot;

    /// <summary>Is memory that only this kernel and its helpers use.</summary>
    public sealed record Temporary(object Owner, string Purpose, long Bytes) : Slot;

    /// <summary>Is a number in place of an address.</summary>
    public sealed record Number(long Value) : Slot;
}

/// <summary>Holds one kernel before it is compiled.</summary>
/// <param name="Name">The name dumps print.</param>
/// <param name="Tree">The code, or null when <paramref name="Ready"/> is given.</param>
/// <param name="Ready">A kernel that needs no compiling: a copy, or the sum of a few partial results.</param>
/// <param name="Slots">The buffers, in the order of the kernel's slots.</param>
/// <param name="Writes">The buffers among them that it writes.</param>
/// <param name="Units">The number of work units.</param>
/// <param name="Work">The element operations of all units, to decide whether threads pay.</param>
sealed record KernelCode(
    string Name,
    Expression<Kernel>? Tree,
    Kernel? Ready,
    ImmutableArray<Slot> Slots,
    ImmutableArray<Slot> Writes,
    long Units,
    double Work
)
{
    /// <summary>Lists pairs of buffers that may be one: the second is written only where the first is not read any more.</summary>
    public ImmutableArray<(Slot Read, Slot Written)> Shares { get; init; } = [];
}
