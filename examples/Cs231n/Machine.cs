using System.Globalization;

namespace Cv.Examples.Cs231n;

/// <summary>Names the machine that a figure was seen on.</summary>
static class Machine
{
    const string LinuxProcessors = "/proc/cpuinfo";

    /// <summary>Gives the processor's name and the number of its cores that this program may use.</summary>
    public static string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"{Processor()}, {Environment.ProcessorCount} cores");

    static string Processor()
    {
        string? line = File.Exists(LinuxProcessors)
            ? File.ReadLines(LinuxProcessors).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unnamed processor";
    }
}
