using System.Collections.Immutable;
using System.Globalization;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Copies the state of a run after every so many steps: an ensemble for the price of one training. With a learning rate that falls to 0 and begins again, each
/// copy is of another minimum.
/// </summary>
/// <remarks>
/// Huang et al., "Snapshot Ensembles: Train 1, get M for free" (2017). Give it to the trainer as its progress, in front of what else listens. With a folder, the
/// copies are files, "snapshot-2000.safetensors", and a run that goes on from a checkpoint finds the earlier ones there.
/// </remarks>
/// <example><code>
/// long cycle = 10 * batches.Count;
/// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(Schedule.Cosine(0.1, cycle).Repeat(cycle)));
/// var snapshots = new Snapshots(state, everySteps: cycle);
/// trainer.Train(state, batches, progress: snapshots);
/// using var ensemble = new Ensemble(program.Predict, snapshots.States);
/// </code></example>
public sealed class Snapshots : IProgress<TrainingEvent>
{
    readonly ModelState _state;
    readonly long _every;
    readonly IProgress<TrainingEvent>? _then;
    readonly string? _folder;
    readonly List<ModelState> _states = [];

    /// <summary>Prepares to copy.</summary>
    /// <param name="state">The state that is trained.</param>
    /// <param name="everySteps">The steps from one copy to the next: the length of a cycle.</param>
    /// <param name="then">Receives each event as well.</param>
    /// <param name="folder">Where the copies are kept as files too; made if it is missing.</param>
    /// <exception cref="ArgumentOutOfRangeException">The steps are fewer than 1.</exception>
    /// <exception cref="DataException">The folder cannot be made.</exception>
    public Snapshots(ModelState state, long everySteps, IProgress<TrainingEvent>? then = null, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(everySteps);
        (_state, _every, _then, _folder) = (state, everySteps, then, folder);
        if (folder is not null)
            FilePlace.MakeFolder(folder);
    }

    /// <summary>Gives the copies, the oldest first; who takes them disposes them, as an ensemble does.</summary>
    public ImmutableArray<ModelState> States => [.. _states];

    /// <summary>Copies the state when it is time, and hands the event on.</summary>
    /// <exception cref="CheckpointException">The run goes on from a checkpoint, and its earlier copies are not there.</exception>
    /// <exception cref="DataException">A copy cannot be written, or an earlier one is damaged.</exception>
    public void Report(TrainingEvent value)
    {
        if (value is TrainingResumed resumed)
            for (long step = _every; step <= resumed.Steps; step += _every)
                _states.Add(Earlier(step, resumed));
        if (value is StepTaken taken && taken.Step % _every == 0)
        {
            _states.Add(_state.Clone());
            if (_folder is not null)
                _state.Save(FileOf(taken.Step));
        }
        _then?.Report(value);
    }

    ModelState Earlier(long step, TrainingResumed resumed) =>
        _folder is not null && File.Exists(FileOf(step))
            ? ModelState.Load(FileOf(step))
            : throw new CheckpointException(
                $"snapshots: a run that goes on needs its earlier copies; it goes on after step {resumed.Steps}, and {(_folder is null ? "they have no folder" : $"{FileOf(step)} is missing")}. Begin anew, with a folder."
            );

    string FileOf(long step) => Path.Combine(_folder!, string.Create(CultureInfo.InvariantCulture, $"snapshot-{step}.safetensors"));
}
