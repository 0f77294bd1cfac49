using System.Collections.Concurrent;
using System.Collections.Immutable;
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
        var prints = InParallel.Map(codes, code => code.Tree is null ? null : Fingerprint.Of(code.Tree));
        var firsts = Enumerable.Range(0, codes.Length).DistinctBy(i => prints[i] is { } print ? (print, -1) : (default, i)).ToArray();
        var compiled = InParallel.Map(firsts, i => codes[i].Ready ?? Find(prints[i], codes[i]));
        var shared = new Dictionary<UInt128, Kernel>();
        var kernels = new Kernel[codes.Length];
        for (int i = 0; i < firsts.Length; i++)
        {
            kernels[firsts[i]] = compiled[i];
            if (prints[firsts[i]] is { } print)
                shared[print] = compiled[i];
        }
        for (int i = 0; i < kernels.Length; i++)
            kernels[i] ??= shared[prints[i]!.Value];
        return kernels;
    }

    static Kernel Find(UInt128? print, KernelCode code)
    {
        if (print is null)
            return Compile(code);
        if (Known.TryGetValue(print.Value, out var known) && known.TryGetTarget(out var kernel))
            return kernel;
        kernel = Compile(code);
        Known[print.Value] = new(kernel);
        if (Known.Count > Volatile.Read(ref _sweepAt))
            Sweep();
        return kernel;
    }

    static Kernel Compile(KernelCode code)
    {
        Interlocked.Increment(ref _compiled);
        return code.Tree!.Compile();
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
