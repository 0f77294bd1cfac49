namespace Cv.Runtime;

/// <summary>
/// Keeps a file for one writer: a neighbour, NAME.lock, is held open for this writer alone. The system lets go of it when the process ends, however it ends. The neighbour
/// is empty and stays where it is: deleting it would let two writers hold two files of one name.
/// </summary>
/// <remarks>
/// Two runs of one process exclude each other too, and so do paths that lead to one file by links. On file systems that have no locks, as some over networks, it excludes no one.
/// </remarks>
sealed class FileLock : IDisposable
{
    // EAGAIN of Linux and of macOS, and the sharing violation of Windows
    static readonly int[] HeldByAnother = [11, 35, unchecked((int)0x80070020)];

    readonly FileStream _held;

    FileLock(FileStream held) => _held = held;

    /// <summary>Names the lock of a file.</summary>
    public static string NameOf(string path) => FilePlace.Real(path) + ".lock";

    /// <summary>Takes the lock of a file.</summary>
    /// <exception cref="DataException">Another writer has it, or it cannot be made.</exception>
    public static FileLock Take(string path) =>
        TryTake(path)
        ?? throw new DataException(
            $"{path}: expected no other writer, found one: another process is writing, or another run of this one (it holds {NameOf(path)}). Wait for its end, or give this one a file of its own."
        );

    /// <summary>Takes the lock of a file, or gives null where another writer has it.</summary>
    /// <exception cref="DataException">The lock cannot be made.</exception>
    public static FileLock? TryTake(string path)
    {
        string name = NameOf(path);
        try
        {
            var held = Open(name);
            if (held is { CanSeek: false })
            {
                held.Dispose();
                throw new DataException($"{path}: expected an ordinary file as its lock, {name}, found a pipe or a device. Remove it.");
            }
            return held is null ? null : new(held);
        }
        catch (Exception ex) when (FilePlace.IsOfFiles(ex))
        {
            throw new DataException($"{path}: expected a place for its lock, {name}, found: {ex.Message} Check the folder.", ex);
        }

        FileStream? Open(string lockName)
        {
            try
            {
                return new(lockName, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException ex) when (IsHeld(ex))
            {
                return null;
            }
            // something stands there; a link is not followed, as it would make or hold a file elsewhere
            catch (IOException ex) when (new FileInfo(lockName) is { LinkTarget: not null } or { Exists: true })
            {
                if (new FileInfo(lockName).LinkTarget is not null)
                    throw new DataException($"{path}: expected an ordinary file as its lock, {lockName}, found a link. Remove it.", ex);
            }
            try
            {
                return new(lockName, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException ex) when (IsHeld(ex))
            {
                return null;
            }
        }
    }

    /// <summary>Tells whether a file could not be opened because someone holds it.</summary>
    public static bool IsHeld(IOException ex) => Array.IndexOf(HeldByAnother, ex.HResult) >= 0;

    /// <summary>Lets the next writer in.</summary>
    public void Dispose() => _held.Dispose();
}
