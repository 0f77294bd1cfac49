using System.Collections.Immutable;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Listens to a training and keeps what a report shows of it: the losses and metrics as they came, the learning rate, the time. Give it to the
/// trainer, and to <see cref="Report.Write(string, RunRecorder, Section[])"/> afterwards, or to a live page before. Memory is bounded, however
/// long the run: a curve keeps a thousand points, and neighbours among its steps or epochs are averaged. A second training that it hears of is shown as the first one's continuation. Safe for any thread.
/// </summary>
/// <example><code>
/// var run = new RunRecorder("softmax", new ConsoleProgress()) { LearningRate = step => 0.1 * (1 - step / 7000.0) };
/// run.Note("data", "mnist");
/// trainer.Train(state, batches, validation, progress: run);
/// Report.Write("softmax.html", run, new ConfusionMatrix(program.Predict, state, test));
/// </code></example>
public sealed class RunRecorder : IProgress<TrainingEvent>
{
    readonly Lock _lock = new();
    readonly IProgress<TrainingEvent>? _next;
    readonly Figure _loss = new("loss", isFraction: false);
    readonly List<Figure> _metrics = [];
    readonly Curve _speed = new();
    readonly SampledCurve _rate = new();
    readonly Dictionary<string, string> _notes = [];
    readonly List<string> _noteOrder = [];
    TrainingStarted? _started;
    TrainingStopped? _stopped;
    StepTaken? _last;
    EpochEnded? _lastEpoch;
    int _epochsBefore;

    /// <summary>Makes a recorder that has heard nothing yet.</summary>
    /// <param name="name">The heading of the page.</param>
    /// <param name="next">Receives every event as well, such as a <see cref="ConsoleProgress"/>.</param>
    public RunRecorder(string name, IProgress<TrainingEvent>? next = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        (Name, _next) = (name, next);
    }

    /// <summary>Gives the heading of the page.</summary>
    public string Name { get; }

    /// <summary>
    /// Gives the learning rate of a step, counted from 0 as schedules count; the page then draws it. It is asked at a few hundred steps of a run, when
    /// they are taken. Null draws none: events do not tell it. A rate that
    /// moves with a state reads it: <c>_ => 0.1 * state["plateau/scale"].Item()</c>.
    /// </summary>
    /// <example><code>var run = new RunRecorder("softmax") { LearningRate = Schedule.Cosine(0.1, steps).At };</code></example>
    public Func<long, double>? LearningRate { get; init; }

    /// <summary>Is told, on the thread that trains, of each event after it was recorded.</summary>
    internal Action<TrainingEvent>? Recorded { get; set; }

    /// <summary>Counts what was recorded so far: a page that shows this version is up to date.</summary>
    internal long Version { get; private set; }

    /// <summary>Writes down a fact that stands at the head of the page, such as the seed, or an accuracy once it is known. The same name again replaces it.</summary>
    /// <example><code>run.Note("test accuracy", "84.70 %");</code></example>
    public void Note(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        lock (_lock)
        {
            if (!_notes.ContainsKey(name))
                _noteOrder.Add(name);
            _notes[name] = value;
            Version++;
        }
    }

    /// <summary>Records the event, and passes it on.</summary>
    public void Report(TrainingEvent value)
    {
        lock (_lock)
        {
            Record(value);
            Version++;
        }
        _next?.Report(value);
        Recorded?.Invoke(value);
    }

    /// <summary>Copies what was recorded so far.</summary>
    internal RunSnapshot Snapshot()
    {
        lock (_lock)
            return new(
                Name,
                [.. _noteOrder.Select(n => (n, _notes[n]))],
                _started,
                _last,
                _stopped,
                _lastEpoch,
                _loss.Copy(),
                [.. _metrics.Select(m => m.Copy())],
                _rate.Copy(),
                _speed.Copy(),
                Version
            );
    }

    void Record(TrainingEvent value)
    {
        switch (value)
        {
            case TrainingStarted started:
                _epochsBefore += _stopped?.Epochs ?? 0;
                (_started, _stopped) = (started, null);
                break;
            case StepTaken step:
                _last = step;
                double epoch = _epochsBefore + (double)step.Step / (_started?.StepsPerEpoch ?? 1);
                _loss.Steps.Add(epoch, step.Loss);
                foreach (var metric in step.Metrics)
                    Of(metric).Steps.Add(epoch, metric.Value);
                if (LearningRate is { } rate)
                    _rate.Add(epoch, () => rate(step.Step - 1));
                break;
            case EpochEnded ended:
                Record(_epochsBefore + ended.Epoch, ended);
                break;
            case TrainingStopped stopped:
                _stopped = stopped;
                break;
        }
    }

    void Record(double epoch, EpochEnded ended)
    {
        _lastEpoch = ended;
        _loss.Training.Add(epoch, ended.Loss);
        foreach (var metric in ended.Metrics)
            Of(metric).Training.Add(epoch, metric.Value);
        _speed.Add(epoch, ended.ImagesPerSecond);
        if (ended.Validation is not { } validation)
            return;
        _loss.Validation.Add(epoch, validation.Loss);
        foreach (var metric in validation.Metrics)
            Of(metric).Validation.Add(epoch, metric.Value);
    }

    /// <summary>Finds the course of a metric, which begins when it is first heard of.</summary>
    Figure Of(MetricValue metric)
    {
        foreach (var known in _metrics)
            if (string.Equals(known.Name, metric.Name, StringComparison.Ordinal))
                return known;
        var figure = new Figure(metric.Name, metric.IsFraction);
        _metrics.Add(figure);
        return figure;
    }
}

/// <summary>Holds a copy of what a recorder had heard at one time: bounded, however long the run.</summary>
sealed record RunSnapshot(
    string Name,
    ImmutableArray<(string Name, string Value)> Notes,
    TrainingStarted? Started,
    StepTaken? Last,
    TrainingStopped? Stopped,
    EpochEnded? LastEpoch,
    FigureCurves Loss,
    ImmutableArray<FigureCurves> Metrics,
    CurvePoints LearningRate,
    CurvePoints Speed,
    long Version
);
