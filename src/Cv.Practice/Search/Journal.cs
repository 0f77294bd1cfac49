using System.Text;
using System.Text.Json;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Keeps the trials that are done in a file: a line that says whose journal it is, then a line of JSON for each. A line is appended whole and flushed to the disk; what a kill left
/// without its end is cut off when the file is opened again. A lock keeps other searches out.
/// </summary>
sealed class Journal : IDisposable
{
    // a trial that reports each of a million steps has a line of 20 MB
    const int MostLineBytes = 1 << 28;

    readonly string _path;
    readonly FileLock _lock;
    readonly FileStream _file;
    readonly Queue<TrialResult> _known = [];

    /// <summary>Opens the journal of a search, or begins it.</summary>
    /// <exception cref="DataException">Another search writes there, the file is of another search or spoilt, or it cannot be read and written. It is left as it is.</exception>
    public Journal(string path, SearchSpace space, string search)
    {
        _path = path;
        _lock = FileLock.Take(path);
        try
        {
            _file = Open();
            try
            {
                Read(space, JsonSerializer.Serialize(search, JournalText.Default.String));
            }
            catch
            {
                _file.Dispose();
                throw;
            }
        }
        catch (Exception ex)
        {
            _lock.Dispose();
            if (FilePlace.IsOfFiles(ex))
                throw Unusable(ex);
            throw;
        }
    }

    /// <summary>Gives the next trial of the file, which must be the one that is asked for; null where the file has no more.</summary>
    /// <exception cref="DataException">It is another one.</exception>
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
    /// <exception cref="DataException">It cannot be written; those before it stay.</exception>
    public void Add(TrialResult trial)
    {
        try
        {
            Append(JournalLine.Of(trial));
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            throw Unusable(ex);
        }
    }

    /// <summary>Closes the file and lets the next search in.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _lock.Dispose();
    }

    FileStream Open()
    {
        string place = FilePlace.Real(_path);
        FilePlace.ExpectReplaceable(place, _path);
        return Disk.Current.OpenToAppend(place);
    }

    void Read(SearchSpace space, string header)
    {
        var lines = new LineReader(_file, MostLineBytes, _path);
        int count = 0;
        while (lines.Next() is { } line)
        {
            if (++count == 1 && line != header)
                throw new DataException(
                    $"{_path}: expected the journal of this search, {header}, found {Excerpt.Of(line)}. Give another file, or remove this one."
                );
            if (count == 1)
                continue;
            try
            {
                _known.Enqueue(JournalLine.Read(line, space));
            }
            catch (DataException ex)
            {
                throw new DataException(
                    $"{_path}: at line {count}: expected a trial, found {ex.Message}. Remove the line and those after it.",
                    ex
                );
            }
        }
        // a file of something else is not cut: without a line, what is there must be the start of ours
        if (count == 0 && !Encoding.UTF8.GetBytes(header).AsSpan().StartsWith(lines.Torn))
            throw new DataException(
                $"{_path}: expected the journal of this search, {header}, found a file without lines. Give another file, or remove this one."
            );
        _file.SetLength(lines.End);
        _file.Position = lines.End;
        if (count == 0)
            Append(header);
    }

    void Append(string line)
    {
        _file.Write(Encoding.UTF8.GetBytes(line + "\n")); // in one piece: there is no other writer
        _file.Flush(flushToDisk: true);
    }

    DataException Unusable(Exception ex) =>
        new($"{_path}: expected a file to keep the trials in, found: {ex.Message} Check the folder and the free space.", ex);
}
