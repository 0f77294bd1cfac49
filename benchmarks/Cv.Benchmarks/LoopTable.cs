using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Benchmarks;

/// <summary>Times fused loops: functions against System.Numerics.Tensors, and a chain of ten operations against a copy of the same bytes.</summary>
/// <remarks>What is timed is the compiled kernel, as a step runs it, without the call around the step.</remarks>
static unsafe class LoopTable
{
    const string Name = "loops";
    const int ChainElements = 1 << 24;

    delegate void TensorFunction(ReadOnlySpan<float> from, Span<float> to);

    /// <summary>Compares functions on one thread, the chain on one and on as many as the options say.</summary>
    public static IEnumerable<Comparison> Run(CompileOptions options, Pace pace)
    {
        var single = options with { Threads = 1 };
        foreach (int elements in (int[])[4096, 1 << 20])
        {
            Comparison Function(string name, Func<Expr, Expr> graph, TensorFunction peer) =>
                OfFunction(name, elements, single, pace, graph, peer);
            yield return Function("exp", x => x.Exp(), TensorPrimitives.Exp);
            yield return Function("tanh", x => x.Tanh(), TensorPrimitives.Tanh);
            yield return Function("sigmoid", x => x.Sigmoid(), TensorPrimitives.Sigmoid);
            yield return Function("sin", x => x.Sin(), TensorPrimitives.Sin);
            yield return Function("cos", x => x.Cos(), TensorPrimitives.Cos);
        }
        foreach (int threads in (int[])[.. new[] { 1, options.Threads }.Distinct()])
        {
            var chain = new LoopKernel(Chain, ChainElements, options with { Threads = threads });
            long from = chain.From.Address,
                to = chain.To.Address;
            Comparison Against(string peer, Action<long, long> copy) =>
                Duel.Run(
                    Name,
                    $"chain of 10, {ChainElements}",
                    threads,
                    0,
                    pace,
                    s => Duel.Time(chain.Run, s),
                    (peer, s => Duel.Time(() => Split(copy, threads), s))
                );
            yield return Against("copy loop", (start, end) => CopyLoop(from, to, start, end));
            yield return Against("memory copy", (start, end) => MemoryCopy(from, to, start, end));
        }
    }

    static Comparison OfFunction(string name, int elements, CompileOptions options, Pace pace, Func<Expr, Expr> graph, TensorFunction peer)
    {
        var kernel = new LoopKernel(graph, elements, options);
        void Theirs() => peer(kernel.From.AsSpan<float>(), kernel.To.AsSpan<float>());
        return Duel.Run(
            Name,
            $"{name}, {elements}",
            1,
            0,
            pace,
            s => Duel.Time(kernel.Run, s),
            ("TensorPrimitives", s => Duel.Time(Theirs, s))
        );
    }

    /// <summary>Strings ten cheap operations together.</summary>
    static Expr Chain(Expr x) => -(((x * 1.5f + 0.25f).Maximum(-3f) - 0.5f) * 0.75f).Minimum(2.5f).Abs() * 1.25f + 0.125f;

    /// <summary>Copies with one vector load and one vector store at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CopyLoop(long from, long to, long start, long end)
    {
        float* a = (float*)from,
            b = (float*)to;
        for (long i = start; i < end; i += Vector256<float>.Count)
            Vector256.Load(a + i).Store(b + i);
    }

    static void MemoryCopy(long from, long to, long start, long end) =>
        Buffer.MemoryCopy((float*)from + start, (float*)to + start, (end - start) * sizeof(float), (end - start) * sizeof(float));

    /// <summary>Gives each thread of the library's own pool an equal part, in whole vectors.</summary>
    static void Split(Action<long, long> copy, int threads)
    {
        long part = ChainElements / 64 / threads * 64;
        Workers.Of(threads).Run((_, from, to, _) => copy(from * part, to == threads ? ChainElements : to * part), [], threads);
    }
}
