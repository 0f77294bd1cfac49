namespace Cv.Fuzz;

/// <summary>Is one kind of file: right ones to start from, its reader, and what makes a broken one pass its checksums.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Seeds">Makes small files that are as they should be.</param>
/// <param name="Read">Reads a file, wholly; may throw the errors that its documentation names, and nothing else.</param>
/// <param name="Words">What its texts are made of, for mutants that are nearly right.</param>
/// <param name="Repair">Sets checksums right, so that what is behind them is reached; the same bytes where that cannot be.</param>
public sealed record Format(
    string Name,
    Func<IReadOnlyList<byte[]>> Seeds,
    Action<byte[]> Read,
    IReadOnlyList<string> Words,
    Func<byte[], byte[]> Repair
)
{
    /// <summary>Lists the files of the corpus beside the program: what coverage-guided runs have found.</summary>
    public IEnumerable<byte[]> Corpus =>
        Directory.Exists(Folder) ? Directory.GetFiles(Folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];

    string Folder => Path.Combine(AppContext.BaseDirectory, "corpus", Name);
}
