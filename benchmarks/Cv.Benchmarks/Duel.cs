using System.Diagnostics;

namespace Cv.Benchmarks;

/// <summary>Says how long to time: so many rounds, in each of which either side runs for so many seconds.</summary>
/// <param name="Rounds">The number of turns of either side.</param>
/// <param name="Seconds">The seconds of a turn.</param>
/// <param name="IsQuick">Tells to run everything a few times only, and to leave out what takes long.</param>
readonly record struct Pace(int Rounds, double Seconds, bool IsQuick = false)
{
    /// <summary>Runs everything a few times, to see that it works.</summary>
    public static Pace Quick { get; } = new(1, 0, IsQuick: true);
}

/// <summary>Gives how our code and a peer's compare on one case, over rounds in which both ran by turns; printed as one line of JSON, keys in snake case.</summary>
/// <param name="Table">The table that the case belongs to.</param>
/// <param name="Case">What was computed.</param>
/// <param name="Peer">The peer, or nothing where it is missing; then there are no ratios.</param>
/// <param name="Threads">The number of threads of both.</param>
/// <param name="RatioMedian">The peer's time over ours, the median of the rounds: above 1, ours is the faster.</param>
/// <param name="RatioMin">The least ratio of a round.</param>
/// <param name="RatioMax">The largest ratio of a round.</param>
/// <param name="MsMedian">Our milliseconds, the median of the rounds.</param>
/// <param name="PeerMsMedian">The peer's.</param>
/// <param name="GigaflopsMedian">Our multiplications and additions of products and convolutions a second, in billions, if there are any.</param>
sealed record Comparison(
    string Table,
    string Case,
    string? Peer,
    int Threads,
    double? RatioMedian,
    double? RatioMin,
    double? RatioMax,
    double MsMedian,
    double? PeerMsMedian,
    double? GigaflopsMedian
);

/// <summary>Times two sides by turns, so that what else the machine does falls on both.</summary>
static class Duel
{
    const double WarmUpSeconds = 0.4;
    const double FirstWarmUpSeconds = 2; // all that ran while the process began is compiled once more, before what is timed
    const int LeastPasses = 3;
    const double LeastMilliseconds = 0.02; // of a sample: shorter passes are repeated in it

    static bool _runsFirst = true;

    /// <summary>Compares two ways to compute a case. A side is told for how many seconds to run, and gives the milliseconds of a pass.</summary>
    /// <param name="table">The table that the case belongs to.</param>
    /// <param name="name">What is computed.</param>
    /// <param name="threads">The number of threads of both.</param>
    /// <param name="flops">The multiplications and additions of a pass; 0 if they do not count.</param>
    /// <param name="pace">How long to time.</param>
    /// <param name="ours">Our side.</param>
    /// <param name="peer">The peer's name and side, if there is one.</param>
    public static Comparison Run(
        string table,
        string name,
        int threads,
        double flops,
        Pace pace,
        Func<double, double> ours,
        (string Name, Func<double, double> Milliseconds)? peer
    )
    {
        // a turn that does not count: the runtime compiles once more, and optimises, what is called often
        double warmUp = pace.IsQuick ? 0 : Math.Max(pace.Seconds, _runsFirst ? FirstWarmUpSeconds : WarmUpSeconds);
        _runsFirst = false;
        ours(warmUp);
        peer?.Milliseconds(warmUp);
        var rounds = new List<(double Ours, double Peer)>();
        for (int round = 0; round < pace.Rounds; round++)
        {
            bool first = round % 2 == 0;
            double mine = first ? ours(pace.Seconds) : 0,
                theirs = peer?.Milliseconds(pace.Seconds) ?? double.NaN;
            rounds.Add((first ? mine : ours(pace.Seconds), theirs));
        }
        double median = Median(rounds.Select(r => r.Ours));
        bool compares = peer is not null && !pace.IsQuick; // code that has not warmed up says nothing
        double[] ratios = [.. rounds.Select(r => r.Peer / r.Ours).Order()];
        return new(
            table,
            name,
            peer?.Name,
            threads,
            compares ? Digits(Bench.Median(ratios)) : null,
            compares ? Digits(ratios[0]) : null,
            compares ? Digits(ratios[^1]) : null,
            Digits(median),
            compares ? Digits(Median(rounds.Select(r => r.Peer))) : null,
            flops == 0 ? null : Digits(flops / median / 1e6)
        );
    }

    /// <summary>Gives the median milliseconds of a pass that is run over and over for so many seconds, after one that does not count.</summary>
    public static double Time(Action pass, double seconds)
    {
        pass();
        double once = Milliseconds(pass, 1);
        int repeats = (int)Math.Clamp(Math.Ceiling(LeastMilliseconds / once), 1, 1000);
        var times = new List<double>();
        for (long start = Stopwatch.GetTimestamp(); times.Count < LeastPasses || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; )
            times.Add(Milliseconds(pass, repeats));
        return Median(times);
    }

    public static double Median(IEnumerable<double> values) => Bench.Median([.. values.Order()]);

    /// <summary>Rounds to four digits that count.</summary>
    public static double Digits(double value) =>
        value == 0 || !double.IsFinite(value)
            ? value
            : Math.Round(value, Math.Clamp(3 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 9));

    static double Milliseconds(Action pass, int repeats)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++)
            pass();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / repeats;
    }
}
