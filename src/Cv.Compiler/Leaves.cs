using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Holds the tensors of one state that some code reads and writes: found once for each state, since a state's tensors stay the same objects.</summary>
sealed class Leaves
{
    static long _made;

    /// <summary>Finds the tensors in a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="leaves">The parameters and states, and whether the code writes them: those first.</param>
    /// <exception cref="BindingException">The state lacks one, or holds one of another type; or two share memory, and one is written.</exception>
    public Leaves(ModelState state, ImmutableArray<(Named Leaf, bool IsWritten)> leaves)
    {
        All = [.. leaves.Select(l => (Interpreter.StateOf(state, l.Leaf), l.IsWritten, l.Leaf))];
        Number = Interlocked.Increment(ref _made);
    }

    /// <summary>Gives the tensors in the order of the leaves.</summary>
    public (Tensor Tensor, bool IsWritten, Named Leaf)[] All { get; }

    /// <summary>Tells these apart from all others: what has seen the number knows the addresses, and keeps no tensor alive for that.</summary>
    public long Number { get; }
}
