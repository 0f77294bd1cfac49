using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Linq.Expressions;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Compiles kernels, side by side, and each code once in the process: layers of one shape share theirs, and so do functions. The cache holds
/// compiled code by weak references, so that it lives as long as a function that runs it.
/// </summary>
static class KernelCache
{
    const int LeastBeforeSweep = 1024;

    static readonly ConcurrentDictionary<UInt128, WeakReference<Kernel>> Known = new();
    static int _sweepAt = LeastBeforeSweep;
    static long _compiled;

    /// <summary>Counts the kernels that this process has compiled; for tests of sharing.</summary>
    public static long Compiled => Interlocked.Read(ref _compiled);

    /// <summary>Gives the compiled kernels of a plan, in its order.</summary>
    public static Kernel[] Compile(ImmutableArray<KernelCode> codes)
    {
        // steps of equal keys have one tree already, so most need no fingerprint
        var trees = codes.Select(c => c.Tree).OfType<Expression<Kernel>>().Distinct().ToArray();
        var prints = InParallel.Map(trees, Fingerprint.Of);
        var distinct = Enumerable.Range(0, trees.Length).DistinctBy(i => prints[i] is { } print ? (print, -1) : (default, i)).ToArray();
        var compiled = InParallel.Map(distinct, i => Find(prints[i], trees[i]));
        var byPrint = new Dictionary<UInt128, Kernel>();
        var byTree = new Dictionary<Expression<Kernel>, Kernel>();
        for (int i = 0; i < distinct.Length; i++)
        {
            byTree[trees[distinct[i]]] = compiled[i];
            if (prints[distinct[i]] is { } print)
                byPrint[print] = compiled[i];
        }
        for (int i = 0; i < trees.Length; i++)
            if (prints[i] is { } print)
                byTree[trees[i]] = byPrint[print];
        return [.. codes.Select(c => c.Ready ?? byTree[c.Tree!])];
    }

    static Kernel Find(UInt128? print, Expression<Kernel> tree)
    {
        if (print is null)
            return Compile(tree);
        if (Known.TryGetValue(print.Value, out var known) && known.TryGetTarget(out var kernel))
            return kernel;
        kernel = Compile(tree);
        Known[print.Value] = new(kernel);
        if (Known.Count > Volatile.Read(ref _sweepAt))
            Sweep();
        return kernel;
    }

    static Kernel Compile(Expression<Kernel> tree)
    {
        Interlocked.Increment(ref _compiled);
        return tree.Compile();
    }

    /// <summary>Drops the entries whose code was collected; the next sweep waits until as many again were added.</summary>
    static void Sweep()
    {
        foreach (var entry in Known)
            if (!entry.Value.TryGetTarget(out _))
                Known.TryRemove(entry);
        Volatile.Write(ref _sweepAt, Math.Max(LeastBeforeSweep, 2 * Known.Count));
    }
}
