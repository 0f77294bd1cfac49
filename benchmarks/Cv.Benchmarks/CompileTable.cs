using System.Diagnostics;
using System.Globalization;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Benchmarks;

/// <summary>Gives the time from a loss to the end of the first step, compilation and all; printed as one line of JSON, keys in snake case.</summary>
/// <param name="Compile">What was compiled.</param>
/// <param name="Nodes">The nodes of the step's graph.</param>
/// <param name="Kernels">The kernels that it became.</param>
/// <param name="MsFirst">The first time in this process, which had compiled other models.</param>
/// <param name="MsMedian">The median of all times, each for another batch size, so that no cache knows the code.</param>
/// <param name="MsPerNode">The median over the nodes.</param>
sealed record CompileFigures(string Compile, int Nodes, int Kernels, double MsFirst, double MsMedian, double MsPerNode);

/// <summary>Times compilation.</summary>
static class CompileTable
{
    const ulong Seed = 1;

    public static IEnumerable<CompileFigures> Run(CompileOptions options, Pace pace)
    {
        bool quick = pace.IsQuick;
        // the runtime compiles the compiler itself, and what it is called often for once more
        foreach (var workload in quick ? [] : Workload.All)
            Time(workload with { Batch = workload.Batch + 1 }, options);
        foreach (string name in (string[])["softmax-linear-256x3072", "vgg-small-cifar-b64"])
            yield return Measure(Workload.All.First(w => w.Name == name), options, rounds: quick ? 1 : 5);
        if (!quick)
            yield return Measure(Workload.ResNet152, options, rounds: 3);
        foreach (bool alike in (bool[])[true, false])
        foreach (int nodes in quick ? (int[])[200] : [1_000, 10_000])
            yield return Measure(Workload.Deep(LayersOf(nodes, alike), alike), options, rounds: quick || !alike ? 1 : 3);
    }

    static int LayersOf(int nodes, bool alike)
    {
        int ten = Workload.Deep(10, alike).Step().Nodes.Length,
            twenty = Workload.Deep(20, alike).Step().Nodes.Length;
        return 10 + 10 * (nodes - ten) / (twenty - ten);
    }

    static CompileFigures Measure(Workload workload, CompileOptions options, int rounds)
    {
        var times = new List<double>();
        for (int i = 0; i < rounds; i++)
            times.Add(Time(workload with { Batch = workload.Batch + 2 * i }, options));
        var graph = workload.Step();
        var (kernels, _) = Cv.Compiler.Compile.Function(graph, options).Measure(("N", workload.Batch));
        double median = Duel.Median(times);
        Console.Error.WriteLine(
            $"{workload.Name}: {string.Join(' ', times.Select(t => t.ToString("F0", CultureInfo.InvariantCulture)))} ms"
        );
        int nodes = graph.Nodes.Length;
        return new(workload.Name, nodes, kernels, Duel.Digits(times[0]), Duel.Digits(median), Duel.Digits(median / nodes));
    }

    static double Time(Workload workload, CompileOptions options)
    {
        Binding[] batch = [new("x", Tensor.Zeros(workload.Examples)), new(Training.Labels, Tensor.Zeros([workload.Batch], DType.I32))];
        // what one round leaves behind is not to be collected in the next
        GC.Collect();
        long start = Stopwatch.GetTimestamp();
        var step = Cv.Compiler.Compile.Function(workload.Step(), options);
        double building = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        using var state = ModelState.Initialise(step.Leaves, Seed);
        start = Stopwatch.GetTimestamp();
        step.Call(state, batch);
        return building + Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
