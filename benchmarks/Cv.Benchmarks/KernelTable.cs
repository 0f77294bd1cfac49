using System.Globalization;
using System.Text.RegularExpressions;
using Cv.Compiler;

namespace Cv.Benchmarks;

/// <summary>Prints what each kernel of a step takes, in the order they run.</summary>
static partial class KernelTable
{
    const double Resolution = 0.1; // microseconds: shorter times are not worth dividing by

    /// <summary>Prints the kernels of a workload.</summary>
    /// <param name="workload">Its name.</param>
    /// <param name="kernels">Their times.</param>
    /// <param name="convolutions">The multiplications and additions of the convolutions among them.</param>
    /// <param name="to">Where to.</param>
    public static void Print(
        string workload,
        IReadOnlyList<KernelTimes> kernels,
        IReadOnlyDictionary<string, double> convolutions,
        TextWriter to
    )
    {
        var rows = kernels.Select(k => (Kernel: k, Sorted: k.Microseconds.Order().ToList())).ToList();
        double least = rows.Sum(r => r.Sorted[0]),
            medians = rows.Sum(r => Bench.Median(r.Sorted));
        to.WriteLine($"{workload}: microseconds a kernel over {rows[0].Sorted.Count} steps; shares and rates are those of the least times");
        to.WriteLine(
            $"{"", 3} {"units", 5} {"threads", 7} {"median", 8} {"least", 8} {"share", 6} {"MB", 6} {"GB/s", 6} {"GFLOP/s", 7}  kernel"
        );
        foreach (var (i, (kernel, sorted)) in rows.Index())
        {
            double time = sorted[0],
                megabytes = kernel.Bytes / 1e6;
            string Rate(double? thousands) => thousands is { } count && time >= Resolution ? Text(count / time, "F1") : "";
            to.WriteLine(
                $"{i, 3} {kernel.Units, 5} {kernel.Threads, 7} {Text(Bench.Median(sorted), "F1"), 8} {Text(time, "F1"), 8} {Text(time / least, "P1"), 6} {Text(megabytes, "F2"), 6} {Rate(megabytes * 1e3), 6} {Rate(Operations(kernel.Name, convolutions) / 1e3), 7}  {kernel.Name}"
            );
        }
        to.WriteLine($"{"sum", 17} {Text(medians, "F1"), 8} {Text(least, "F1"), 8}");
    }

    static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>Counts the additions and multiplications of a matrix product from its kernel's name, "gemm 128x784x256+add", or looks those of a convolution up.</summary>
    static double? Operations(string name, IReadOnlyDictionary<string, double> convolutions) =>
        Product().Match(name) is { Success: true } match
            ? 2 * match.Groups.Values.Skip(1).Aggregate(1.0, (product, g) => product * int.Parse(g.Value, CultureInfo.InvariantCulture))
        : convolutions.TryGetValue(name.Split('+')[0], out double count) ? count
        : null;

    [GeneratedRegex(@"^gemm (\d+)x(\d+)x(\d+)")]
    private static partial Regex Product();
}
