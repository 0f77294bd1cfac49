using Cv.Compiler;

namespace Cv.Benchmarks;

/// <summary>Gives the figures of one workload, in milliseconds a step; printed as one line of JSON, keys in snake case.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="System">Who ran it.</param>
/// <param name="Threads">The number of threads.</param>
/// <param name="MsMin">The least time of a step.</param>
/// <param name="MsMedian">The median.</param>
/// <param name="Steps">The number of steps.</param>
sealed record StepFigures(string Workload, string System, int Threads, double MsMin, double MsMedian, int Steps);

/// <summary>Gives how a workload's step compares with PyTorch's; printed as one line of JSON, keys in snake case.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Threads">The number of threads of both.</param>
/// <param name="RatioMedian">PyTorch's median time over ours, the median of the rounds: above 1, ours is the faster.</param>
/// <param name="RatioMin">The least ratio of a round.</param>
/// <param name="RatioMax">The largest ratio of a round.</param>
/// <param name="MsMedian">Our milliseconds.</param>
/// <param name="PeerMsMedian">PyTorch's.</param>
sealed record StepRatios(
    string Workload,
    int Threads,
    double? RatioMedian,
    double? RatioMin,
    double? RatioMax,
    double MsMedian,
    double? PeerMsMedian
);

/// <summary>Gives the part of the machine's arithmetic peak that a step reaches; printed as one line of JSON, keys in snake case.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Threads">The number of threads.</param>
/// <param name="Gigaflops">Multiplications and additions of the step's products and convolutions a second, in billions.</param>
/// <param name="PeakGigaflops">The most that the threads do on registers alone, measured by turns with the step.</param>
/// <param name="Share">The first over the second, the median of the rounds.</param>
sealed record StepShare(string Workload, int Threads, double Gigaflops, double PeakGigaflops, double Share);

/// <summary>Times the workloads' steps.</summary>
static class StepTable
{
    const int LossesCompared = 4;
    const double LossTolerance = 2e-3;

    /// <summary>Times a workload alone.</summary>
    public static StepFigures Alone(Workload workload, CompileOptions options, double seconds)
    {
        var bench = new Bench(workload, options);
        var times = bench.Measure(seconds);
        bench.Report();
        return new(workload.Name, "cvdsl", options.Threads, Duel.Digits(times[0]), Duel.Digits(Bench.Median(times)), times.Count);
    }

    /// <summary>Times a workload and its peer by turns, from the same weights and on the same batch, once both have been seen to train alike.</summary>
    /// <exception cref="InvalidOperationException">The peer has other parameters, or its losses differ.</exception>
    public static StepRatios Against(Peer peer, Workload workload, CompileOptions options, Pace pace)
    {
        var bench = new Bench(workload, options);
        Check(peer, workload, bench);
        var result = Duel.Run(
            "steps",
            workload.Name,
            options.Threads,
            bench.Flops,
            pace,
            seconds => Bench.Median(bench.Measure(seconds)),
            (
                peer.Name,
                seconds =>
                    peer.Milliseconds(
                        new
                        {
                            Do = "step",
                            Workload = workload.Name,
                            Seconds = seconds,
                        }
                    )
            )
        );
        bench.Report();
        return new(
            workload.Name,
            options.Threads,
            result.RatioMedian,
            result.RatioMin,
            result.RatioMax,
            result.MsMedian,
            result.PeerMsMedian
        );
    }

    /// <summary>Measures a step and the machine's peak by turns.</summary>
    public static StepShare Share(Workload workload, CompileOptions options, Pace pace)
    {
        var (bench, peak) = (new Bench(workload, options), new FmaPeak(options));
        peak.Gigaflops(pace.Seconds);
        bench.Measure(pace.Seconds);
        var rounds = new List<(double Step, double Peak)>();
        for (int i = 0; i < pace.Rounds; i++)
            rounds.Add((bench.Flops / Bench.Median(bench.Measure(pace.Seconds)) / 1e6, peak.Gigaflops(pace.Seconds)));
        return new(
            workload.Name,
            options.Threads,
            Duel.Digits(Duel.Median(rounds.Select(r => r.Step))),
            Duel.Digits(Duel.Median(rounds.Select(r => r.Peak))),
            Duel.Digits(Duel.Median(rounds.Select(r => r.Step / r.Peak)))
        );
    }

    static void Check(Peer peer, Workload workload, Bench bench)
    {
        string file = Path.GetTempFileName();
        try
        {
            var parameters = bench.Write(file);
            var answer = peer.Ask(
                new
                {
                    Do = "load",
                    Workload = workload.Name,
                    File = file,
                    Shape = workload.Examples.ToArray(),
                    Parameters = parameters.Select(p => p.Shape),
                    Steps = LossesCompared,
                }
            );
            double[] ours = bench.Losses(LossesCompared),
                theirs = [.. answer["losses"]!.AsArray().Select(l => (double)l!)];
            Console.Error.WriteLine(
                $"{workload.Name}: {parameters.Sum(p => p.Shape.Aggregate(1, (n, d) => n * d))} parameters on both sides; losses {Text(ours)}, peer {Text(theirs)}"
            );
            if (ours.Zip(theirs).Any(l => !(Math.Abs(l.First - l.Second) <= LossTolerance * Math.Abs(l.First))))
                throw new InvalidOperationException(
                    $"{workload.Name}: both sides must train alike from the same weights; got losses {Text(ours)} and {Text(theirs)}."
                );
        }
        finally
        {
            File.Delete(file);
        }
    }

    static string Text(double[] losses) =>
        string.Join(' ', losses.Select(l => l.ToString("G6", System.Globalization.CultureInfo.InvariantCulture)));
}
