using System.Diagnostics;
using Cv.Compiler;
using Cv.Runtime;

namespace Cv.Benchmarks;

/// <summary>Gives the figures of one workload, in milliseconds a step; printed as one line of JSON, keys in snake case.</summary>
sealed record Figures(string Workload, string System, int Threads, double MsMin, double MsMedian, int Steps);

/// <summary>Holds a compiled step, its state and one batch of random data, ready to run.</summary>
sealed class Bench
{
    const int WarmUpSteps = 5;
    const int LeastSteps = 5;

    /// <summary>
    /// Counts the steps between returns to the first state, as in peer_torch.py. Long training on one batch leaves subnormal moments, which slow a
    /// processor down, and the faster program would meet them sooner.
    /// </summary>
    const int StepsOfTraining = 250;
    const ulong Seed = 1;

    readonly Workload _workload;
    readonly CompileOptions _options;
    readonly CompiledFunction _step;
    readonly ModelState _state;
    readonly ModelState _first;
    readonly Binding[] _batch;

    public Bench(Workload workload, CompileOptions options)
    {
        (_workload, _options) = (workload, options);
        _step = workload.Compile(options);
        _state = ModelState.Initialise(_step.Leaves, Seed);
        _first = _state.Clone();
        var random = new Random((int)Seed);
        var images = new float[workload.Batch * workload.Features];
        var labels = new int[workload.Batch];
        foreach (ref float pixel in images.AsSpan())
            pixel = random.NextSingle();
        foreach (ref int label in labels.AsSpan())
            label = random.Next(10);
        _batch =
        [
            new("x", Tensor.From([workload.Batch, workload.Features], images)),
            new(Training.Labels, Tensor.From([workload.Batch], labels)),
        ];
    }

    /// <summary>Times steps one by one for so many seconds, and notes on standard error what else is worth knowing.</summary>
    /// <exception cref="InvalidOperationException">The loss is not finite: what was timed is no training.</exception>
    public Figures Measure(double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        double first = Step();
        double compiled = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        for (int i = 1; i < WarmUpSteps; i++)
            Step();
        var times = new List<double>();
        for (start = Stopwatch.GetTimestamp(); times.Count < LeastSteps || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; )
        {
            if (times.Count % StepsOfTraining == 0)
                _state.CopyFrom(_first);
            long begin = Stopwatch.GetTimestamp();
            _step.Call(_state, _batch);
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        _step.Call(_state, _batch);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        double last = Step();
        Console.Error.WriteLine(
            $"{_workload.Name}: {allocated} bytes allocated a step; compiling and the first step took {compiled:F0} ms; loss {first:G4} -> {last:G4}"
        );
        if (!double.IsFinite(last))
            throw new InvalidOperationException($"{_workload.Name}: the loss must stay finite; it is {last} after {times.Count} steps.");
        times.Sort();
        return new(_workload.Name, "cvdsl", _options.Threads, Round(times[0]), Round(Median(times)), times.Count);
    }

    /// <summary>Prints every stage of the compilation.</summary>
    public string Explain() => _step.Explain(("N", _workload.Batch));

    /// <summary>Times each kernel, over as many steps as a training has.</summary>
    public IReadOnlyList<KernelTimes> TimeKernels()
    {
        // long enough for the runtime to compile once more, and optimise, what kernels call
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 0.5; )
            Step();
        _state.CopyFrom(_first);
        return _step.TimeKernels(StepsOfTraining, WarmUpSteps, _state, _batch);
    }

    /// <summary>Gives the middle of sorted values, or the mean of the two in the middle.</summary>
    public static double Median(IReadOnlyList<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    double Step() => _step.Call(_state, _batch)[0].Item();

    static double Round(double milliseconds) => Math.Round(milliseconds, 4);
}
