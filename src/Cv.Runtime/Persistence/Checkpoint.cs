using System.Collections.Immutable;

namespace Cv.Runtime;

/// <summary>
/// Holds what a run wrote down: its parameters and states, those of its best epoch, and how far it came. <see cref="Trainer.Train"/> writes and reads it by
/// itself (<see cref="TrainingOptions.Checkpoint"/>); reading it by hand looks at a run from outside, also while it goes on.
/// </summary>
/// <remarks>
/// The file is safetensors, so any reader of that sees its tensors, as "state/dense1.w". It is written beside the old one, flushed and renamed: a kill at
/// any moment leaves a whole one. All randomness comes from seeds and from counters among the states, so there is no other random state to keep.
/// </remarks>
/// <example><code>
/// using var reached = Checkpoint.Read("run.ckpt");
/// var scores = program.Predict.Call(reached.Best ?? reached.State, new Binding("x", images))[0];
/// </code></example>
public sealed class Checkpoint : IDisposable
{
    const int MostAttempts = 10;

    Checkpoint(string path, CheckpointException? refused)
    {
        (Path, Refused) = (path, refused);
        Stamp = FileStamp.Of(path);
        (State, Best, Facts, Identity) = CheckpointFile.Read(path);
    }

    /// <summary>Gives the file it was read from: the newest that is whole.</summary>
    public string Path { get; }

    /// <summary>Says why the newest file was passed over; null when it was not.</summary>
    public CheckpointException? Refused { get; }

    /// <summary>Gives parameters, optimiser state and the layers' states after <see cref="Steps"/> steps.</summary>
    public ModelState State { get; }

    /// <summary>Gives them as they were after the best epoch; null where the run does not keep them, as it has no patience.</summary>
    public ModelState? Best { get; }

    /// <summary>Counts the steps that were taken.</summary>
    public long Steps => Facts.Steps;

    /// <summary>Gives the figures of each finished epoch.</summary>
    public ImmutableArray<EpochEnded> Epochs => [.. Facts.Epochs];

    /// <summary>Gives the epoch, from 1, of the lowest validation loss; null without a validation set.</summary>
    public int? BestEpoch => Facts.BestEpoch;

    internal RunFacts Facts { get; }

    internal RunIdentity Identity { get; }

    /// <summary>Tells the file from what is put in its place later.</summary>
    internal FileStamp? Stamp { get; }

    /// <summary>Reads the newest whole file: the one of this name, or the one before it.</summary>
    /// <exception cref="CheckpointException">Neither is there, or neither is whole.</exception>
    public static Checkpoint Read(string path) =>
        Find(path) ?? throw new CheckpointException($"checkpoint: {path} must be a file; there is none. Check the folder and the name.");

    /// <summary>Reads the newest whole file, or gives null when there is none, neither whole nor torn.</summary>
    internal static Checkpoint? Find(string path)
    {
        // a link's neighbours are those of the file that it leads to
        string place = PlaceOf(path),
            previous = place == System.IO.Path.GetFullPath(path) ? PreviousOf(path) : PreviousOf(place);
        // its run may rename both while they are looked for: what was just gone is looked for again
        for (int attempt = 1; ; attempt++)
        {
            CheckpointException? torn = null;
            if (File.Exists(place))
                try
                {
                    return new(path, null);
                }
                catch (CheckpointException ex)
                {
                    torn = ex;
                }
            if (File.Exists(previous))
                try
                {
                    return new(previous, torn);
                }
                catch (CheckpointException) when (attempt < MostAttempts && !File.Exists(previous)) { }
            else if (torn is null && !File.Exists(place))
                return null;
            else if (torn is not null && File.Exists(place))
                throw torn;
            if (attempt == MostAttempts)
                throw torn
                    ?? new CheckpointException(
                        $"checkpoint: {path} must stay in its place; it was taken away while it was read. Try again."
                    );
        }
    }

    static string PlaceOf(string path)
    {
        try
        {
            return FilePlace.Real(path);
        }
        catch (DataException ex)
        {
            throw new CheckpointException($"checkpoint: {ex.Message}", ex);
        }
    }

    internal static string PreviousOf(string path) => path + ".previous";

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        State.Dispose();
        Best?.Dispose();
    }
}
