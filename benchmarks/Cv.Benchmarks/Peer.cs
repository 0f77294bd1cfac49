using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cv.Benchmarks;

/// <summary>Runs peer_torch.py beside us, and asks it to time what we time. While it is not asked, it waits, and takes no processor.</summary>
sealed class Peer : IDisposable
{
    readonly Process _process;

    /// <summary>Starts the peer.</summary>
    /// <exception cref="InvalidOperationException">It ended at once: PyTorch is missing, as it says on standard error.</exception>
    public Peer(string file, int threads)
    {
        var start = new ProcessStartInfo(file, ["--serve", $"{threads}"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"peer: {file} did not start.");
        Name = (string)Read()["system"]!;
    }

    /// <summary>Gives the peer's name and version.</summary>
    public string Name { get; }

    /// <summary>Asks for one answer.</summary>
    /// <exception cref="InvalidOperationException">The peer refused or ended, as it says on standard error.</exception>
    public JsonNode Ask(object request)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(request, Text.Json));
        _process.StandardInput.Flush();
        return Read();
    }

    /// <summary>Asks for the milliseconds of a pass.</summary>
    public double Milliseconds(object request) => (double)Ask(request)["ms"]!;

    /// <summary>Ends the peer.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    JsonNode Read() =>
        _process.StandardOutput.ReadLine() is { } line
            ? JsonNode.Parse(line)!
            : throw new InvalidOperationException("peer: it ended without an answer; its standard error says why.");
}
