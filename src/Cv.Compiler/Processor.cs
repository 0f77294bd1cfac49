using System.Runtime.InteropServices;

namespace Cv.Compiler;

/// <summary>Names the processor, so that what was measured on one is not taken for true of another.</summary>
static class Processor
{
    /// <summary>Gives the model as the system names it, else the architecture.</summary>
    public static string Name { get; } = Find();

    static string Find()
    {
        try
        {
            if (OperatingSystem.IsLinux())
                foreach (string line in File.ReadLines("/proc/cpuinfo"))
                    if (line.StartsWith("model name", StringComparison.Ordinal) && line.IndexOf(':') is > 0 and var at)
                        return line[(at + 1)..].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // then as elsewhere
        }
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
