using System.Collections.Immutable;
using System.Globalization;

namespace Cv.Runtime;

/// <summary>Is one call of <see cref="Trainer.Train"/>: its loop, and what it remembers from step to step.</summary>
sealed partial class TrainingRun : IDisposable
{
    readonly Trainer _trainer;
    readonly ModelState _state;
    readonly Batches _train;
    readonly Batches? _validation;
    readonly IProgress<TrainingEvent>? _progress;
    readonly CancellationToken _cancellation;
    readonly Rewind? _rewind;
    readonly Stopwatches _watches;
    readonly ImmutableArray<EpochEnded>.Builder _epochs = ImmutableArray.CreateBuilder<EpochEnded>();
    readonly TrainingResumed? _resumed;
    readonly Figures _figures;
    RunningMean _mean;
    long _updates;
    long _start;
    long _saved = -1;
    long _checked;
    (int Epoch, double Loss, ModelState? State)? _best;

    public TrainingRun(
        Trainer trainer,
        ModelState state,
        Batches train,
        Batches? validation,
        IProgress<TrainingEvent>? progress,
        CancellationToken cancellation
    )
    {
        (_trainer, _state, _train, _validation, _progress, _cancellation) = (trainer, state, train, validation, progress, cancellation);
        (_watches, _figures) = (new(trainer.Options.Clock), new(trainer.Step));
        try
        {
            TakeLock();
            _resumed = Resume();
        }
        catch
        {
            Dispose();
            throw;
        }
        _rewind = new(state, trainer.Options.SnapshotEvery, updates => _figures.Call(state, BatchOf(updates).Inputs()), _start);
    }

    long TotalSteps => (long)_trainer.Options.Epochs * _train.Count;

    public TrainingResult ToEnd()
    {
        Report(new TrainingStarted(_trainer.Options.Epochs, _train.Count, _train.Data.Count));
        if (_resumed is not null)
            Report(_resumed);
        StopReason reason;
        try
        {
            reason = Epochs();
        }
        catch (Exception ex)
        {
            try
            {
                Stopped(ex is TrainingException ? StopReason.NotFinite : StopReason.Failed);
            }
            catch (Exception second)
            {
                // the first error is what the caller must see; the second goes along with it
                ex.Data[Trainer.ProgressError] = second;
            }
            throw;
        }
        if (reason != StopReason.Cancelled && _best is { State: { } best })
            _state.CopyFrom(best);
        Stopped(reason);
        return new(reason, _updates, _epochs.ToImmutable(), _best?.Epoch, _watches.Run);
    }

    public void Dispose()
    {
        _rewind?.Dispose();
        _figures.Dispose();
        _best?.State?.Dispose();
        _lock?.Dispose();
    }

    StopReason Epochs()
    {
        while (Over() is null)
        {
            int epoch = _epochs.Count + 1;
            if (_mean.Count == 0)
                _watches.StartEpoch();
            while (_updates < (long)epoch * _train.Count)
            {
                if (_cancellation.IsCancellationRequested)
                    return Cancelled(epoch);
                Step(epoch);
                SaveAfterStep(epoch);
            }
            double rate = _mean.Count / _watches.Epoch.TotalSeconds;
            Evaluation? validation = null;
            try
            {
                validation = Validate(epoch);
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
                return Cancelled(epoch);
            }
            var ended = new EpochEnded(epoch, _mean.Loss, _mean.Metrics(_figures.Names), validation, rate, _watches.Epoch, TimeLeft());
            _epochs.Add(ended);
            _mean = default;
            Report(ended);
            SaveAfterEpoch(last: Over() is not null);
        }
        if (_validation is null)
            CheckLastUpdate(_epochs.Count);
        return Over()!.Value;
    }

    /// <summary>Tells whether, and why, no epoch follows the last one.</summary>
    StopReason? Over() =>
        _epochs.Count - _best?.Epoch >= _trainer.Options.Patience ? StopReason.NoImprovement
        : _epochs.Count >= _trainer.Options.Epochs ? StopReason.Completed
        : null;

    void Step(int epoch)
    {
        _rewind!.BeforeStep(_updates);
        var batch = BatchOf(_updates);
        double loss = _figures.Call(_state, batch.Inputs()).Loss;
        if (!double.IsFinite(loss))
            throw Fail(loss, $"step {Number(_updates + 1)} (epoch {epoch})", epoch, _updates + 1, _trainer.Step, BatchOf);
        _updates++;
        _watches.Step();
        _mean.Add(loss, _figures.Metrics, batch.Count);
        if (_progress is null)
            return;
        double rate = _mean.Count / _watches.Epoch.TotalSeconds;
        Report(new StepTaken(epoch, _updates, loss, _figures.ToValues(), _mean.Loss, _mean.Metrics(_figures.Names), rate, TimeLeft()));
    }

    Evaluation? Validate(int epoch)
    {
        if (_validation is null)
            return null;
        var (evaluation, notFinite) = Evaluation.Run(_trainer.Evaluate, _state, _validation, _cancellation);
        if (notFinite is { } index)
            throw FailAfterStep(evaluation.Loss, "the validation", epoch, _ => _validation.Get(0, index));
        _checked = _updates;
        if (_best is null || evaluation.Loss < _best.Value.Loss)
        {
            var kept = _best?.State;
            if (_trainer.Options.Patience is not null)
                (kept ??= _state.Clone()).CopyFrom(_state);
            _best = (epoch, evaluation.Loss, kept);
        }
        if (_trainer.Options.Plateau is { } plateau)
        {
            Plateau.Observe(plateau, _state, evaluation.Loss);
            _rewind!.Copy(_updates);
        }
        return evaluation;
    }

    StopReason Cancelled(int epoch)
    {
        CheckLastUpdate(epoch);
        if (_updates != _start && _updates != _saved)
            Save(epoch);
        return StopReason.Cancelled;
    }

    // No step follows the last update, so no step's loss would tell that it was bad.
    void CheckLastUpdate(int epoch)
    {
        if (_checked == _updates)
            return;
        // a full batch: the function may have to be compiled for the size of a short one
        Batch First(long _) => _train.Get(epoch, 0);
        using var figures = new Figures(_trainer.Evaluate);
        double loss = figures.Call(_state, First(0).Inputs()).Loss;
        if (!double.IsFinite(loss))
            throw FailAfterStep(loss, "a training batch", epoch, First);
        _checked = _updates;
    }

    TrainingException FailAfterStep(double loss, string on, int epoch, Func<long, Batch> bad) =>
        Fail(loss, $"{on} after step {Number(_updates)} (epoch {epoch})", epoch, _updates, _trainer.Evaluate, bad);

    /// <summary>Goes back to before the update that led to a bad loss, and finds where it went bad: in that step, or in what came of it.</summary>
    TrainingException Fail(double loss, string where, int epoch, long step, IFunction function, Func<long, Batch> bad)
    {
        long good = Math.Max(_start, _updates - 1);
        _rewind!.To(good);
        using var parameters = _state.Clone();
        NonFiniteReport? report = null;
        try
        {
            if (good < _updates)
            {
                // a gradient or an update goes bad in the step before the one whose loss shows it
                report = _trainer.Step.FirstNonFinite(_state, BatchOf(good).Inputs());
                _figures.Call(_state, BatchOf(good).Inputs());
            }
            report ??= function.FirstNonFinite(_state, bad(_updates).Inputs());
        }
        finally
        {
            _state.CopyFrom(parameters);
        }
        string node = report is null ? "No single node could be named" : $"The first node not finite is {report}";
        string kept =
            _updates == 0 ? "The parameters are as they were before training"
            : _updates == _start ? "The parameters are those of the checkpoint"
            : $"The parameters are those that went into step {Number(good + 1)}, the last whose loss was finite";
        return new(
            $"training: the loss must be finite; {where} gave {loss.ToString(CultureInfo.InvariantCulture)}. {node}. {kept}. Lower the learning rate, or look at the data.",
            epoch,
            step,
            report
        );
    }

    Batch BatchOf(long updates) => _train.Get(1 + (int)(updates / _train.Count), (int)(updates % _train.Count));

    TimeSpan TimeLeft()
    {
        // who trains until cancelled asks for more epochs than a time span can hold
        double seconds = _watches.PerStep.TotalSeconds * (TotalSteps - _updates);
        return seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
    }

    void Stopped(StopReason reason) => Report(new TrainingStopped(reason, _epochs.Count, _updates, _watches.Run));

    void Report(TrainingEvent value) => _progress?.Report(value);

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
