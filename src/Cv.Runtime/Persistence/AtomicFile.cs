using System.Buffers;
using System.Security.Cryptography;

namespace Cv.Runtime;

/// <summary>
/// Writes a file so that at any moment a whole one stands at its place: into a file beside it, which is flushed to the disk and then takes the name. The file beside it
/// is new, by a name that nobody can guess; what dead processes have left of theirs is deleted.
/// </summary>
static class AtomicFile
{
    const string Ending = ".unfinished";
    const int RandomBytes = 16;
    static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    const int MostShown = 40;
    const int MostAttempts = 10;

    /// <summary>Writes the file.</summary>
    /// <param name="path">Its place, or a link to it; a file that stands there is replaced, and its permissions stay.</param>
    /// <param name="write">Writes what it holds.</param>
    /// <param name="previous">Where the file that it replaces is kept; it is not kept if none is given.</param>
    /// <exception cref="DataException">The file cannot be written. What stood there stands there still.</exception>
    public static void Write(string path, Action<Stream> write, string? previous = null)
    {
        string place = FilePlace.Real(path);
        try
        {
            FilePlace.ExpectReplaceable(place, path);
            DeleteLeftovers(place);
            var (file, unfinished) = Create(place);
            bool placed = false;
            try
            {
                // open until it has its name: to others it is no leftover
                using (file)
                {
                    Fill(file, place, write);
                    if (previous is not null && File.Exists(place))
                        Disk.Current.Move(place, previous);
                    Disk.Current.Move(unfinished, place);
                    placed = true;
                }
            }
            finally
            {
                if (!placed)
                    TryDelete(unfinished);
            }
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            throw new DataException($"{path}: expected a place to write to, found: {ex.Message} Check the folder and the free space.", ex);
        }
    }

    static void Fill(FileStream file, string place, Action<Stream> write)
    {
        if (!OperatingSystem.IsWindows() && File.Exists(place))
            File.SetUnixFileMode(file.SafeFileHandle, File.GetUnixFileMode(place));
        // not disposed: after an error there is nothing to flush, and a second error would hide the first
        var buffered = new BufferedStream(file, 1 << 16);
        write(buffered);
        buffered.Flush();
        file.Flush(flushToDisk: true); // a name must not reach the disk before what it names
    }

    static (FileStream File, string Path) Create(string place)
    {
        for (int attempt = 0; ; attempt++)
        {
            string path = Beside(place, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes)));
            try
            {
                var file = Disk.Current.Create(path);
                if (File.Exists(path))
                    return (file, path);
                file.Dispose();
            }
            catch (IOException ex) when (attempt < MostAttempts && FileLock.IsHeld(ex)) { }
            // between its making and its being held, another writer may take it for a leftover
            if (attempt == MostAttempts)
                throw new IOException("a new file is taken away each time.");
        }
    }

    /// <summary>Deletes what writers of this file have left when they were killed. A living writer holds its file open, which shows.</summary>
    static void DeleteLeftovers(string place)
    {
        string any = Path.GetFileName(Beside(place, new string('?', 2 * RandomBytes)));
        string[] found;
        try
        {
            found = Directory.GetFiles(
                Path.GetDirectoryName(place) ?? "",
                any,
                new EnumerationOptions { MatchType = MatchType.Simple, AttributesToSkip = FileAttributes.None }
            );
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            return; // a folder that may not be listed can be written to all the same
        }
        foreach (string path in found)
        {
            var random = Path.GetFileName(path.AsSpan())[..^Ending.Length][^(2 * RandomBytes)..];
            if (!random.ContainsAnyExcept(HexDigits) && new FileInfo(path).LinkTarget is null)
                DeleteIfDead(path);
        }
    }

    static void DeleteIfDead(string path)
    {
        try
        {
            using (var dead = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0))
            {
                if (!dead.CanSeek)
                    return;
                // while it is held: a writer that has just made it sees that it is gone
                if (!OperatingSystem.IsWindows())
                    Disk.Current.Delete(path);
            }
            if (OperatingSystem.IsWindows())
                Disk.Current.Delete(path);
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            // its writer lives, or it is someone else's
        }
    }

    static void TryDelete(string path)
    {
        try
        {
            Disk.Current.Delete(path);
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            // the next writer deletes it
        }
    }

    // of the file's name only what every file system takes, and so much that the whole is never too long
    static string Beside(string place, string random)
    {
        string shown = string.Concat(
            Path.GetFileName(place).Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.').Take(MostShown)
        );
        return Path.Combine(Path.GetDirectoryName(place) ?? "", $".{shown}.{random}{Ending}");
    }
}
