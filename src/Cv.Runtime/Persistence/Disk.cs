namespace Cv.Runtime;

/// <summary>
/// Makes the changes on the disk that must not go wrong: files are created, renamed and deleted here and nowhere else. A test puts another one in its place, which
/// counts the calls or lets one fail.
/// </summary>
class Disk
{
    static readonly Disk Real = new();
    static readonly AsyncLocal<Disk?> Injected = new();

    /// <summary>Gives the disk that this flow of control writes to.</summary>
    public static Disk Current
    {
        get => Injected.Value ?? Real;
        set => Injected.Value = value;
    }

    /// <summary>Creates a file that nothing stood in the place of; a link there is not followed. Not buffered, so that disposing it writes nothing.</summary>
    /// <remarks>The file may be renamed while it is open, and an attempt to open it for itself alone tells that its writer lives.</remarks>
    public virtual FileStream Create(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Delete, bufferSize: 0);

    /// <summary>Opens a file to read it and to append to it, and makes it if it is missing. Not buffered.</summary>
    public virtual FileStream OpenToAppend(string path) =>
        new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    /// <summary>Gives a file another name; a file of that name is replaced.</summary>
    public virtual void Move(string from, string to) => File.Move(from, to, overwrite: true);

    /// <summary>Deletes a file.</summary>
    public virtual void Delete(string path) => File.Delete(path);
}
