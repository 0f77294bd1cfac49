namespace Cv.Runtime;

/// <summary>Opens files to read them. Nothing that waits or never ends is opened: a pipe or a device.</summary>
static class PlainFile
{
    /// <summary>Makes sure that a caller's stream can seek.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    public static void ExpectSeekable(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead || !stream.CanSeek)
            throw new ArgumentException(
                "read: the stream must be readable and able to seek; this one is not. Copy it to a MemoryStream or a file first.",
                nameof(stream)
            );
    }

    /// <summary>Opens a file that can seek.</summary>
    /// <param name="path">The file, or a link to it.</param>
    /// <param name="fix">Says what to do where there is none.</param>
    /// <exception cref="DataException">The file is missing, empty, no ordinary file, or cannot be opened.</exception>
    public static FileStream Open(string path, string fix = "Check the folder and the name.")
    {
        string place = FilePlace.Real(path);
        if (Directory.Exists(place))
            throw new DataException($"{path}: expected a file, found a folder. Add the file's name.");
        try
        {
            // a pipe would keep its reader waiting, and a device need not end; both have no length, and no format here has an empty file
            var info = new FileInfo(place);
            if (info.Exists && info.Length == 0)
                throw new DataException(
                    $"{path}: expected a file that holds something, found 0 bytes: an empty file, a pipe or a device. Make it again."
                );
            return new(place, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException($"{path}: expected a file, found none. {fix}", ex);
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            throw new DataException($"{path}: expected a readable file, found: {ex.Message} Check its permissions.", ex);
        }
    }
}
