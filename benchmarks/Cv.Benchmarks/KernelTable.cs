using System.Globalization;
using System.Text.RegularExpressions;
using Cv.Compiler;

namespace Cv.Benchmarks;

/// <summary>Prints what each kernel of a step takes, in the order they run.</summary>
static partial class KernelTable
{
    public static void Print(string workload, IReadOnlyList<KernelTimes> kernels, TextWriter to)
    {
        var rows = kernels.Select(k => (Kernel: k, Sorted: k.Microseconds.Order().ToList())).ToList();
        double whole = rows.Sum(r => Bench.Median(r.Sorted));
        to.WriteLine($"{workload}: microseconds a kernel over {rows[0].Sorted.Count} steps; MB read and written, each buffer once");
        to.WriteLine(
            $"{"", 3} {"units", 5} {"threads", 7} {"min", 8} {"median", 8} {"share", 6} {"MB", 6} {"GB/s", 6} {"GFLOP/s", 7}  kernel"
        );
        foreach (var (i, (kernel, sorted)) in rows.Index())
        {
            double median = Bench.Median(sorted);
            double megabytes = kernel.Bytes / 1e6;
            string flops = Operations(kernel.Name) is { } count ? Text(count / median / 1e3, "F1") : "";
            to.WriteLine(
                $"{i, 3} {kernel.Units, 5} {kernel.Threads, 7} {Text(sorted[0], "F1"), 8} {Text(median, "F1"), 8} {Text(median / whole, "P1"), 6} {Text(megabytes, "F2"), 6} {Text(megabytes / median * 1e3, "F1"), 6} {flops, 7}  {kernel.Name}"
            );
        }
        to.WriteLine($"sum of the medians {Text(whole, "F1")}");
    }

    static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>Counts the additions and multiplications of a matrix product from its kernel's name, "gemm 128x784x256+add".</summary>
    static double? Operations(string name) =>
        Product().Match(name) is { Success: true } match
            ? 2 * match.Groups.Values.Skip(1).Aggregate(1.0, (product, g) => product * int.Parse(g.Value, CultureInfo.InvariantCulture))
            : null;

    [GeneratedRegex(@"^gemm (\d+)x(\d+)x(\d+)")]
    private static partial Regex Product();
}
