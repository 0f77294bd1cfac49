using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Takes a graph down the whole road: bind, rewrite, fuse, write kernels, plan memory.</summary>
static class Lowering
{
    /// <exception cref="GraphException">An offset or a count of a kernel passes what an int holds.</exception>
    public static (Plan Plan, ImmutableArray<Expr> Outputs) Plan(
        Graph graph,
        IReadOnlyDictionary<string, int> symbols,
        CompileOptions options,
        StringBuilder? log
    )
    {
        try
        {
            return Lowered(graph, symbols, options, log);
        }
        catch (Exception error) when (error is OverflowException or AggregateException { InnerException: OverflowException })
        {
            string largest = ErrorText.List(
                graph.Nodes.Where(e => e.Shape.IsKnown).Select(e => e.Type).Distinct().OrderByDescending(t => (double)t.Shape.Size).Take(3)
            );
            throw new GraphException(
                $"compile: the places that a kernel counts must stay under 2^31; they pass it for a graph with {largest}. Cut the largest tensors into parts."
            );
        }
    }

    static (Plan Plan, ImmutableArray<Expr> Outputs) Lowered(
        Graph graph,
        IReadOnlyDictionary<string, int> symbols,
        CompileOptions options,
        StringBuilder? log
    )
    {
        var bound = BindSymbols.Run(graph, symbols);
        log?.Append(CultureInfo.InvariantCulture, $"== graph: {bound.Nodes.Length} nodes\n{bound}");
        var ready = Pass.RunAll(Pipeline.For(options), bound, log);
        foreach (var e in ready.Nodes)
            if (!e.Shape.IsKnown)
                throw new GraphException(
                    $"compile: every dim must be a number by now; got {e}. Bind its symbols: the inputs of a call do, where they name them.",
                    e
                );
        var schedule = options.Rematerialise ? Rematerialise.Run(Fuse.Run(ready)) : Fuse.Run(ready);
        if (options.Autotune)
            Tuner.Tune(schedule, options);
        foreach (var step in schedule.Steps)
            step.Tile ??= options.Tile;
        var kernels = Rematerialise.Rename(schedule, Emission.Run(schedule.Steps, step => Emit(step, options)));
        var plan = new Plan(schedule, kernels);
        log?.Append(ScheduleText.Of(schedule)).Append("== plan\n").Append(plan);
        if (log is null)
            return (plan, schedule.Graph.Outputs);
        foreach (var kernel in plan.Kernels.Where(k => k.Tree is not null))
            log.Append(CultureInfo.InvariantCulture, $"== kernel {kernel.Name}\n{CSharpText.Of(kernel.Tree!)}");
        foreach (var scan in schedule.Steps.OfType<ScanStep>().Select(s => (Scan)s.Node.Op).Distinct())
        {
            log.Append(CultureInfo.InvariantCulture, $"== body of {scan.Name}{scan.Attributes}\n");
            Plan(ScanEmitter.StepOf(scan), symbols, options, log);
        }
        return (plan, schedule.Graph.Outputs);
    }

    static List<KernelCode> Emit(Step step, CompileOptions options)
    {
        var lanes = new Lanes(options.Bits, step.Lane ?? DType.F32);
        return step switch
        {
            LoopStep loop => LoopEmitter.Emit(loop, lanes, options.Threads),
            GemmStep gemm => GemmEmitter.Emit(gemm, lanes, options.Threads),
            ConvStep conv => ConvEmitter.Emit(conv, lanes, options.Threads),
            ConvWeightsStep weights => ConvWeightsEmitter.Emit(weights, lanes, options.Threads),
            PoolStep pool => [PoolEmitter.Emit(pool, lanes, options.Threads)],
            MoveStep move => MoveEmitter.Emit(move),
            ScanStep scan => [ScanEmitter.Emit(scan, options)],
            _ => throw new InvalidOperationException($"lower: no emitter for {step.GetType().Name}."),
        };
    }
}
