using System.Diagnostics;
using Cv.Compiler;
using Cv.Runtime;

namespace Cv.Benchmarks;

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
    readonly CompiledFunction _step;
    readonly ModelState _state;
    readonly ModelState _first;
    readonly Binding[] _batch;
    readonly Tensor[] _figures;
    readonly IReadOnlyDictionary<string, double> _convolutions;
    readonly double _loss;
    readonly double _compiled;
    int _steps;

    public Bench(Workload workload, CompileOptions options)
    {
        _workload = workload;
        long start = Stopwatch.GetTimestamp();
        var graph = workload.Step();
        Flops = Arithmetic.Flops(graph, ("N", workload.Batch));
        _convolutions = Arithmetic.Convolutions(graph, ("N", workload.Batch));
        _step = Compile.Function(graph, options);
        _state = ModelState.Initialise(_step.Leaves, Seed);
        _first = _state.Clone();
        var random = new Random((int)Seed);
        var images = Tensor.Zeros(workload.Examples);
        foreach (ref float pixel in images.AsSpan<float>())
            pixel = random.NextSingle();
        var labels = Tensor.Zeros([workload.Batch], Cv.Dsl.DType.I32);
        foreach (ref int label in labels.AsSpan<int>())
            label = random.Next(10);
        _batch = [new("x", images), new(Training.Labels, labels)];
        _figures = [.. _step.Outputs.Select(o => Tensor.Zeros(o.Shape, o.DType))];
        _loss = Step();
        _compiled = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        for (int i = 1; i < WarmUpSteps; i++)
            Step();
    }

    /// <summary>Counts the multiplications and additions of a step's products and convolutions.</summary>
    public double Flops { get; }

    /// <summary>Gives the milliseconds of each of the steps that so many seconds hold, in ascending order.</summary>
    public IReadOnlyList<double> Measure(double seconds)
    {
        Return();
        var times = new List<double>();
        for (long start = Stopwatch.GetTimestamp(); times.Count < LeastSteps || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; )
        {
            long begin = Stopwatch.GetTimestamp();
            Step();
            times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            if (_steps == StepsOfTraining)
                Return();
        }
        times.Sort();
        return times;
    }

    /// <summary>Notes on standard error what else is worth knowing.</summary>
    /// <exception cref="InvalidOperationException">The loss is not finite: what was timed is no training.</exception>
    public void Report()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        double last = Step();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Console.Error.WriteLine(
            $"{_workload.Name}: {allocated} bytes allocated a step; compiling and the first step took {_compiled:F0} ms; loss {_loss:G4}, after {_steps} steps {last:G4}"
        );
        if (!double.IsFinite(last))
            throw new InvalidOperationException($"{_workload.Name}: the loss must stay finite; it is {last} after {_steps} steps.");
    }

    /// <summary>Gives the losses of the first steps from the first state, and leaves the state of the last.</summary>
    public double[] Losses(int steps)
    {
        Return();
        var losses = new double[steps];
        foreach (ref double loss in losses.AsSpan())
            loss = Step();
        return losses;
    }

    /// <summary>Writes images, labels and first parameters to a file, one behind the other as they lie in memory, and lists the parameters.</summary>
    public IEnumerable<(string Name, int[] Shape)> Write(string file)
    {
        using var to = File.Create(file);
        void Append<T>(Tensor tensor)
            where T : unmanaged => to.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.AsSpan<T>()));
        Append<float>(_batch[0].Value);
        Append<int>(_batch[1].Value);
        var parameters = _workload.Model.Parameters.Select(p => ((Cv.Dsl.Named)p.Op).Id).ToList();
        foreach (string name in parameters)
            Append<float>(_first[name]);
        return [.. parameters.Select(name => (name, _first[name].Shape.ToArray()))];
    }

    /// <summary>Prints every stage of the compilation.</summary>
    public string Explain() => _step.Explain(("N", _workload.Batch));

    /// <summary>Prints what each kernel takes, over as many steps as a training has.</summary>
    public void PrintKernels(TextWriter to)
    {
        // long enough for the runtime to compile once more, and optimise, what kernels call
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 0.5; )
            Step();
        Return();
        KernelTable.Print(_workload.Name, _step.TimeKernels(StepsOfTraining, WarmUpSteps, _state, _batch), _convolutions, to);
    }

    /// <summary>Gives the middle of sorted values, or the mean of the two in the middle.</summary>
    public static double Median(IReadOnlyList<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    double Step()
    {
        _steps++;
        _step.CallInto(_state, _figures, _batch);
        return _figures[0].Item();
    }

    void Return()
    {
        _state.CopyFrom(_first);
        _steps = 0;
    }
}
