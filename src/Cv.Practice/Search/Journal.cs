using System.Text;
using System.Text.Json;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Keeps the trials that are done in a file: a line that says whose journal it is, then a line of JSON for each. A line is appended whole and flushed to the disk; what a kill left
/// without its end is cut off when the file is opened again.
/// </summary>
sealed class Journal : IDisposable
{
    readonly string _path;
    readonly SearchSpace _space;
    readonly FileStream _file;
    readonly Queue<TrialResult> _known = [];

    public Journal(string path, SearchSpace space, string search)
    {
        (_path, _space) = (path, space);
        _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var bytes = new byte[_file.Length];
            _file.ReadExactly(bytes);
            int end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
            _file.SetLength(end);
            _file.Position = end;
            string[] lines = Encoding.UTF8.GetString(bytes, 0, end).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            string header = JsonSerializer.Serialize(search, JournalText.Default.String);
            if (lines.Length == 0)
                Append(header);
            else if (lines[0] != header)
                throw new DataException(
                    $"{path}: expected the journal of this search, {header}, found {lines[0]}. Give another file, or remove this one."
                );
            for (int i = 1; i < lines.Length; i++)
                _known.Enqueue(Read(lines[i], i + 1));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Gives the next trial of the file, which must be the one that is asked for; null where the file has no more.</summary>
    public TrialResult? Next(Ask ask)
    {
        if (!_known.TryDequeue(out var trial))
            return null;
        if (trial.Number != ask.Number || trial.Budget != ask.Budget || !trial.Settings.Equals(ask.Settings))
            throw new DataException(
                $"{_path}: expected trial {ask.Number} with {ask.Settings}, found {trial.Number} with {trial.Settings}. It was written by another version of the search: remove it."
            );
        return trial;
    }

    /// <summary>Adds a trial; when this returns, it is on the disk.</summary>
    public void Add(TrialResult trial) =>
        Append(
            JsonSerializer.Serialize(
                new JournalLine(
                    trial.Number,
                    trial.Budget,
                    [.. trial.Settings.Values],
                    Known(trial.Score),
                    trial.Outcome.ToString(),
                    [.. trial.Reports.Select(Known)],
                    trial.Elapsed.TotalSeconds
                ),
                JournalText.Default.JournalLine
            )
        );

    public void Dispose() => _file.Dispose();

    void Append(string line)
    {
        _file.Write(Encoding.UTF8.GetBytes(line + "\n")); // in one piece: there is no other writer
        _file.Flush(flushToDisk: true);
    }

    TrialResult Read(string line, int number)
    {
        try
        {
            var read = JsonSerializer.Deserialize(line, JournalText.Default.JournalLine);
            if (
                read is { Settings: not null, Reports: not null }
                && read.Settings.Length == _space.Settings.Length
                && Enum.TryParse<TrialOutcome>(read.Outcome, out var outcome)
            )
                return new(
                    read.Trial,
                    new(_space, [.. read.Settings]),
                    read.Budget,
                    read.Score ?? double.NaN,
                    outcome,
                    [.. read.Reports.Select(r => r ?? double.NaN)],
                    TimeSpan.FromSeconds(read.Seconds)
                );
        }
        catch (Exception ex) when (ex is JsonException or OverflowException or ArgumentException)
        {
            throw new DataException(
                $"{_path}: at line {number}: expected a trial, found {Cut(line)}. Remove the line and those after it.",
                ex
            );
        }
        throw new DataException($"{_path}: at line {number}: expected a trial, found {Cut(line)}. Remove the line and those after it.");
    }

    static string Cut(string line) => line.Length <= 60 ? line : line[..60] + "...";

    // JSON has no NaN
    static double? Known(double value) => double.IsFinite(value) ? value : null;
}
