namespace Cv.Runtime;

/// <summary>
/// Writes a file so that at any moment a whole one stands at its place: into a file beside it, which is flushed to the disk and then takes the name.
/// </summary>
static class AtomicFile
{
    /// <summary>Names the file that is written before it takes its place.</summary>
    public static string Unfinished(string path) => path + ".unfinished";

    /// <summary>Writes the file.</summary>
    /// <param name="path">Its place; a file that stands there is replaced.</param>
    /// <param name="write">Writes what it holds.</param>
    /// <param name="previous">Where the file that it replaces is kept; it is not kept if none is given.</param>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write, string? previous = null)
    {
        string unfinished = Unfinished(path);
        try
        {
            try
            {
                using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
                {
                    write(file);
                    file.Flush(flushToDisk: true); // a name must not reach the disk before what it names
                }
                if (previous is not null && File.Exists(path))
                    File.Move(path, previous, overwrite: true);
                File.Move(unfinished, path, overwrite: true);
            }
            catch
            {
                File.Delete(unfinished);
                throw;
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: expected a place to write to, found: {ex.Message} Check the folder and the free space.", ex);
        }
    }

    /// <summary>Opens a file that can seek.</summary>
    /// <exception cref="DataException">The file is missing or cannot be opened.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException($"{path}: expected a file, found none. Check the folder and the name.", ex);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: expected a readable file, found: {ex.Message}", ex);
        }
    }
}
