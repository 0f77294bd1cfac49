using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Is handed to the function that a search calls: the settings to try, and where to report scores on the way. It can stand for a trainer's progress: then each epoch reports its
/// validation metric that the search's options name, and <see cref="Cancellation"/> stops the trainer where the trial is given up.
/// </summary>
/// <example><code>
/// double Accuracy(Trial trial)
/// {
///     var program = Training.Compile(Net(trial.Integer("hidden")), Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(trial["rate"]), metrics: [Metric.Accuracy]);
///     using var state = program.Initialise(trial.Seed);
///     var trained = new Trainer(program.Step, program.Evaluate, new() { Epochs = 10 }).Train(state, train, validation, trial, trial.Cancellation);
///     return trained.Epochs[^1].Validation!.Metrics["accuracy"];
/// }
/// </code></example>
public sealed class Trial : IProgress<TrainingEvent>, IDisposable
{
    readonly StoppingRule? _rule;
    readonly Metric? _metric;
    readonly IReadOnlyList<TrialResult> _earlier;
    readonly List<double> _reports = [];
    readonly CancellationTokenSource _cancellation;

    internal Trial(Ask ask, ulong seed, IReadOnlyList<TrialResult> earlier, SearchOptions options)
    {
        (Number, Settings, Budget, _earlier, _rule, _metric) = (
            ask.Number,
            ask.Settings,
            ask.Budget,
            earlier,
            options.Stopping,
            options.Metric
        );
        var random = new RandomStream(seed, "search");
        Seed = (ulong)(random.Uniform(ask.Number) * (1L << 52));
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(options.Cancellation);
    }

    /// <summary>Counts the settings that were drawn, from 1; those that are tried again with more means keep their number.</summary>
    public int Number { get; }

    /// <summary>Gives the settings to try.</summary>
    public Settings Settings { get; }

    /// <summary>Gives a seed that depends on the search's and the number alone.</summary>
    public ulong Seed { get; }

    /// <summary>Gives the means to spend, such as epochs, where a search by halving says so; 1 elsewhere.</summary>
    public double Budget { get; }

    /// <summary>Asks to stop, once the trial is given up or the search is cancelled.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Tells whether the trial was given up.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Lists the scores that were reported.</summary>
    public ImmutableArray<double> Reports => [.. _reports];

    /// <summary>Gives a number of the settings.</summary>
    /// <exception cref="GraphException">The space has no such setting.</exception>
    public double this[string name] => Settings[name];

    /// <summary>Gives a whole number of the settings.</summary>
    /// <exception cref="GraphException">The space has no such setting, or its value is not whole.</exception>
    public int Integer(string name) => Settings.Integer(name);

    /// <summary>Gives a word of the settings.</summary>
    /// <exception cref="GraphException">The space has no such setting.</exception>
    public string Choice(string name) => Settings.Choice(name);

    /// <summary>Reports a score on the way, higher for better; false tells that the trial is given up, and should return what it has.</summary>
    /// <example><code>if (!trial.Report(accuracy)) return accuracy;</code></example>
    public bool Report(double score)
    {
        _reports.Add(score);
        if (!Stopped && _rule?.Stops(_earlier, _reports) == true)
        {
            Stopped = true;
            _cancellation.Cancel();
        }
        return !Stopped;
    }

    /// <summary>Reports for each epoch that ends the validation metric of <see cref="SearchOptions.Metric"/>, or else the validation loss below 0: less is better.</summary>
    /// <exception cref="ArgumentException">The program was compiled without that metric.</exception>
    public void Report(TrainingEvent value)
    {
        if (value is EpochEnded { Validation: { } validation })
            Report(_metric is null ? -validation.Loss : validation.Metrics[_metric]);
    }

    /// <summary>Frees what cancellation holds; the search does it.</summary>
    public void Dispose() => _cancellation.Dispose();
}

/// <summary>What a search tries next.</summary>
readonly record struct Ask(int Number, Settings Settings, double Budget = 1);
