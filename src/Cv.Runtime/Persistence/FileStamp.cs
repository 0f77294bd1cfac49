namespace Cv.Runtime;

/// <summary>Tells whether a file is still the one that it was: by its length and the time of its last change.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Changed">When it was changed last.</param>
readonly record struct FileStamp(long Length, DateTime Changed)
{
    /// <summary>Looks at a file; null where there is none.</summary>
    public static FileStamp? Of(string path)
    {
        try
        {
            var info = new FileInfo(FilePlace.Real(path));
            return info.Exists ? new(info.Length, info.LastWriteTimeUtc) : null;
        }
        catch (Exception ex) when (ex is DataException || FilePlace.IsOfFiles(ex))
        {
            return null;
        }
    }
}
