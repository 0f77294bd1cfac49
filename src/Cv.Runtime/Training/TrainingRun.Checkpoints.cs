using Cv.Dsl;

namespace Cv.Runtime;

sealed partial class TrainingRun
{
    FileLock? _lock;
    string? _place;
    FileStamp? _whole;
    RunIdentity? _identity;

    CheckpointOptions? Saving => _trainer.Options.Checkpoint;

    RunIdentity Identity => _identity ??= RunIdentity.Of(_trainer, _train, _validation);

    /// <summary>Puts the run where its checkpoint left it, if there is one.</summary>
    /// <exception cref="CheckpointException">The file is torn and there is no other, or it is of another run.</exception>
    TrainingResumed? Resume()
    {
        if (Saving is not { Resume: true } saving || Checkpoint.Find(saving.Path) is not { } found)
            return null;
        using var checkpoint = found;
        var facts = checkpoint.Facts;
        string[] changes = [.. Identity.DifferencesFrom(checkpoint.Identity)];
        if (changes.Length > 0 && !saving.AcceptChanges)
            throw new CheckpointException(
                $"checkpoint: {checkpoint.Path} must be of this run; {string.Join("; ", changes)}. Delete it to begin anew, or go on with the change: new CheckpointOptions(path) {{ AcceptChanges = true }}."
            );
        if (facts.StepsPerEpoch != _train.Count)
            throw new CheckpointException(
                $"checkpoint: {checkpoint.Path} must be of epochs of as many steps; its have {facts.StepsPerEpoch}, and these {_train.Count}. Begin anew, from its tensors: state.CopyFrom(Checkpoint.Read(path).State)?"
            );
        if (_trainer.Options.Patience is not null && facts.BestEpoch is not null && checkpoint.Best is null)
            throw new CheckpointException(
                $"checkpoint: {checkpoint.Path} must hold the best epoch's parameters, for patience puts them back; it was written without patience. Train on without, or delete it to begin anew."
            );
        try
        {
            _state.CopyFrom(checkpoint.State);
            if (facts is { BestEpoch: { } epoch, BestLoss: { } loss })
            {
                _best = (epoch, loss, checkpoint.Best is null ? null : _state.Clone());
                _best.Value.State?.CopyFrom(checkpoint.Best!);
            }
        }
        catch (ShapeException ex)
        {
            throw new CheckpointException(
                $"checkpoint: {checkpoint.Path} must be of this model and optimiser; {ex.Text} Delete it to begin anew.",
                ex
            );
        }
        _updates = _start = _saved = _checked = facts.Steps;
        _mean = facts.Mean;
        _epochs.AddRange(facts.Epochs);
        _watches.GoOn(facts.Elapsed, facts.EpochElapsed);
        if (checkpoint.Path == saving.Path)
            _whole = checkpoint.Stamp;
        return new(checkpoint.Path, facts.Steps, checkpoint.Epochs, checkpoint.Refused?.Message) { Changes = [.. changes] };
    }

    void SaveAfterStep(int epoch)
    {
        if (Saving?.EverySteps is { } every && _updates % every == 0)
            Save(epoch);
    }

    void SaveAfterEpoch(bool last)
    {
        if (last || (Saving?.EveryEpochs is { } every && _epochs.Count % every == 0))
            Save(_epochs.Count);
    }

    /// <summary>Writes the run down, after making sure that its last update was good: no step follows yet that would tell.</summary>
    void Save(int epoch)
    {
        if (Saving is null)
            return;
        CheckLastUpdate(epoch);
        CheckpointFile.Write(
            _place!,
            _state,
            _best?.State,
            new(
                _updates,
                _train.Count,
                _train.Data.Count,
                _train.Size,
                _train.Seed,
                _mean,
                [.. _epochs],
                _best?.Epoch,
                _best?.Loss,
                _watches.Run,
                _mean.Count == 0 ? TimeSpan.Zero : _watches.Epoch
            ),
            Identity,
            IsWhole()
        );
        // the one before is of the run that was begun anew
        if (_saved < 0 && !Saving.Resume && Checkpoint.PreviousOf(_place!) is var previous && CheckpointFile.IsWhole(previous))
            Disk.Current.Delete(previous);
        _whole = FileStamp.Of(_place!);
        _saved = _updates;
    }

    /// <summary>Tells whether the file is known to be whole, and of this run: only such a one is worth keeping as the one before.</summary>
    bool IsWhole() => _whole is { } stamp && (FileStamp.Of(_place!) == stamp || CheckpointFile.IsWhole(_place!));

    /// <summary>Keeps other runs off the checkpoint, and refuses a place for it that cannot be written to before a step is taken.</summary>
    /// <exception cref="CheckpointException">Another run writes there, or none can.</exception>
    void TakeLock()
    {
        if (Saving is not { } saving)
            return;
        try
        {
            _place = FilePlace.Real(saving.Path);
            _lock = FileLock.Take(saving.Path);
            FilePlace.ExpectReplaceable(_place, saving.Path);
        }
        catch (Exception ex) when (ex is DataException || FilePlace.IsOfFiles(ex))
        {
            throw new CheckpointException($"checkpoint: {ex.Message}", ex);
        }
    }
}
