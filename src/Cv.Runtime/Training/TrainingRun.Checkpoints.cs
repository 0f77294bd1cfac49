using Cv.Dsl;

namespace Cv.Runtime;

sealed partial class TrainingRun
{
    CheckpointOptions? Saving => _trainer.Options.Checkpoint;

    /// <summary>Puts the run where its checkpoint left it, if there is one.</summary>
    /// <exception cref="CheckpointException">The file is torn and there is no other, or it is of another run.</exception>
    TrainingResumed? Resume()
    {
        if (Saving is not { Resume: true } saving || Checkpoint.Find(saving.Path) is not { } found)
            return null;
        using var checkpoint = found;
        var facts = checkpoint.Facts;
        if ((facts.StepsPerEpoch, facts.Examples, facts.BatchSize, facts.Seed) is var then && then != Data)
            throw new CheckpointException(
                $"checkpoint: {checkpoint.Path} must be of this run; its data are {Text(then)}, and these {Text(Data)}. Delete it to begin anew."
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
        return new(checkpoint.Path, facts.Steps, checkpoint.Epochs, checkpoint.Refused?.Message);
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
        var (steps, examples, size, seed) = Data;
        CheckpointFile.Write(
            Saving.Path,
            _state,
            _best?.State,
            new(
                _updates,
                steps,
                examples,
                size,
                seed,
                _mean,
                [.. _epochs],
                _best?.Epoch,
                _best?.Loss,
                _watches.Run,
                _mean.Count == 0 ? TimeSpan.Zero : _watches.Epoch
            )
        );
        _saved = _updates;
    }

    /// <summary>Gives what the order of the batches depends on.</summary>
    (int StepsPerEpoch, int Examples, int BatchSize, ulong? Seed) Data => (_train.Count, _train.Data.Count, _train.Size, _train.Seed);

    static string Text((int StepsPerEpoch, int Examples, int BatchSize, ulong? Seed) data) =>
        $"{data.Examples} examples in batches of {data.BatchSize}, {(data.Seed is { } seed ? $"seed {seed}" : "in their order")}";
}
