namespace Cv.Runtime;

/// <summary>Finds the file that a path means, and makes sure that it is one that may be replaced.</summary>
static class FilePlace
{
    const int MostLinks = 40;

    /// <summary>Follows every link of a path, so that two paths to one file give one text. What does not exist stays as it is written.</summary>
    /// <exception cref="DataException">The path is none, or its links never end.</exception>
    public static string Real(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            int links = 0;
            return Real(Path.GetFullPath(path), ref links);
        }
        catch (Exception ex) when (IsOfFiles(ex) || ex is ArgumentException)
        {
            throw new DataException($"{path}: expected a path of a file, found: {ex.Message} Correct the path.", ex);
        }
    }

    /// <summary>Makes a folder if it is missing.</summary>
    /// <exception cref="DataException">It cannot be made.</exception>
    public static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(Real(path));
        }
        catch (Exception ex) when (IsOfFiles(ex))
        {
            throw new DataException($"{path}: expected a place for a folder, found: {ex.Message} Check the path.", ex);
        }
    }

    /// <summary>Tells whether an exception is what the framework throws where a file cannot be used.</summary>
    public static bool IsOfFiles(Exception ex) =>
        ex is IOException or UnauthorizedAccessException or NotSupportedException or System.Security.SecurityException;

    /// <summary>Makes sure that a file may be put in this place: there is none, or an ordinary one. A folder, pipe or device is left alone.</summary>
    /// <exception cref="DataException">Something else stands there.</exception>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static void ExpectReplaceable(string place, string path)
    {
        if (Directory.Exists(place))
            throw new DataException($"{path}: expected a place for a file, found a folder. Add the file's name.");
        // what has a length is an ordinary file; pipes and devices have none
        var info = new FileInfo(place);
        if (!info.Exists || info.Length > 0)
            return;
        // for both, as opening a pipe for one direction waits for its other end
        using var handle = File.OpenHandle(place, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        using var file = new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0);
        try
        {
            if (file.CanSeek)
            {
                RandomAccess.SetLength(handle, 0); // changes nothing; a device refuses it
                return;
            }
        }
        catch (IOException ex)
        {
            throw Special(path, ex);
        }
        throw Special(path, null);
    }

    static DataException Special(string path, Exception? inner)
    {
        string message = $"{path}: expected a place for a file, found a pipe or a device. Give another path.";
        return inner is null ? new(message) : new(message, inner);
    }

    static string Real(string full, ref int links)
    {
        string? folder = Path.GetDirectoryName(full);
        if (folder is null)
            return full;
        string at = Path.Combine(Real(folder, ref links), Path.GetFileName(full));
        if (new FileInfo(at).LinkTarget is not { } target)
            return at;
        if (++links > MostLinks)
            throw new IOException($"more than {MostLinks} links follow one another.");
        return Real(Path.GetFullPath(target, Path.GetDirectoryName(at)!), ref links);
    }
}
