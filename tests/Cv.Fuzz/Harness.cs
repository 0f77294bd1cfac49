using System.Diagnostics;
using Cv.Runtime;

namespace Cv.Fuzz;

/// <summary>Holds a reader to what it promises, whatever the file: it reads it or throws a typed error, soon, and in bounded memory.</summary>
public sealed class Harness(Format format)
{
    const double MostSeconds = 2;

    // a fixed amount for buffers and the budget for packed files; then so many bytes for each of the file
    const long FixedBytes = 8 << 20;
    const long BytesEach = 100;

    /// <summary>Counts the files that were read.</summary>
    public long Accepted { get; private set; }

    /// <summary>Counts the files that were refused.</summary>
    public long Refused { get; private set; }

    /// <summary>Gives the longest time that a file took, in seconds.</summary>
    public double Slowest { get; private set; }

    /// <summary>Gives the most memory that a file took, in bytes.</summary>
    public long Largest { get; private set; }

    /// <summary>Reads a file; gives what is wrong with how it was read, or null.</summary>
    public string? Try(byte[] file)
    {
        string? fault = Once(file, out double seconds);
        // another program may have had the processor: twice is a fault
        if (seconds > MostSeconds)
            fault ??= Once(file, out seconds);
        Slowest = Math.Max(Slowest, seconds);
        return fault ?? (seconds > MostSeconds ? $"took {seconds} s" : null);
    }

    string? Once(byte[] file, out double seconds)
    {
        long start = Stopwatch.GetTimestamp(),
            before = GC.GetAllocatedBytesForCurrentThread();
        string? fault = null;
        try
        {
            format.Read(file);
            Accepted++;
        }
        catch (Exception ex) when (ex is DataException or CheckpointException)
        {
            Refused++;
            if (ex.Message.Length > 2000)
                fault = $"an error text of {ex.Message.Length} characters";
        }
        catch (Exception ex)
        {
            fault = ex.ToString();
        }
        seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Largest = Math.Max(Largest, taken);
        return fault ?? (taken > FixedBytes + BytesEach * file.Length ? $"took {taken} bytes of memory for {file.Length}" : null);
    }
}
