namespace Cv.Runtime;

/// <summary>
/// Trains a model: takes a step for each mini-batch of each epoch, watches the loss and the validation set, and reports as it goes.
/// </summary>
/// <remarks>
/// Steps change the state in place. A loss that is not finite shows that an earlier update was bad, so training then goes back: the state
/// is left with the parameters that went into the last step whose loss was finite, and the error names the first node that was not.
/// </remarks>
/// <example><code>
/// var trainer = new Trainer(program.Step, program.Evaluate, new TrainingOptions { Epochs = 15 });
/// var result = trainer.Train(state, new Batches(train, 128, seed: 1), progress: new ConsoleProgress());
/// </code></example>
public sealed class Trainer
{
    /// <summary>Prepares to train with a compiled step.</summary>
    /// <param name="step">Takes "x" and "labels", updates the state, gives [loss, metrics...] from before the update, and names its metrics.</param>
    /// <param name="evaluate">Takes the same, gives a loss and the metrics that it names, and changes nothing.</param>
    /// <param name="options">Says how long to train.</param>
    /// <exception cref="ArgumentOutOfRangeException">Epochs, patience or the distance of snapshots is below 1.</exception>
    public Trainer(IFunction step, IFunction evaluate, TrainingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(evaluate);
        (Step, Evaluate, Options) = (step, evaluate, options ?? new());
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Options.Epochs, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Options.Patience ?? 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Options.SnapshotEvery, nameof(options));
    }

    /// <summary>
    /// Names the error, in <see cref="Exception.Data"/>, that the progress threw when it was told that an error had ended the run: the first error is the one that is thrown.
    /// </summary>
    public const string ProgressError = "training: progress";

    /// <summary>Gives the function that trains.</summary>
    public IFunction Step { get; }

    /// <summary>Gives the function that judges.</summary>
    public IFunction Evaluate { get; }

    /// <summary>Says how long to train.</summary>
    public TrainingOptions Options { get; }

    /// <summary>
    /// Trains until the last epoch, until the validation loss no longer falls, or until the caller asks to stop; a cancelled run leaves
    /// in the state what was reached.
    /// </summary>
    /// <param name="state">The parameters and the optimiser's state, changed in place.</param>
    /// <param name="train">The mini-batches to learn from; give them a seed, so that each epoch has an order of its own.</param>
    /// <param name="validation">The set that is judged after each epoch and never learnt from.</param>
    /// <param name="progress">Receives the events, in order, on this thread.</param>
    /// <param name="cancellation">Asks to stop; looked at before every step.</param>
    /// <exception cref="TrainingException">A loss was NaN or infinite; the state has the last good parameters.</exception>
    /// <exception cref="BindingException">The batches do not fit the step.</exception>
    /// <exception cref="CheckpointException">The run's checkpoint is torn, is of another run, is written to by another one now, or cannot be written.</exception>
    /// <exception cref="ArgumentException">Patience or a plateau is set, and there is no validation set; or the state is not of a program with that plateau.</exception>
    public TrainingResult Train(
        ModelState state,
        Batches train,
        Batches? validation = null,
        IProgress<TrainingEvent>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(train);
        if (Options.Patience is not null && validation is null)
            throw new ArgumentException(
                "training: patience needs a validation set, whose loss it waits for; got none. Split one off the training set.",
                nameof(validation)
            );
        if (Options.Plateau is { } plateau)
        {
            if (validation is null)
                throw new ArgumentException(
                    "training: a plateau needs a validation set, whose loss it watches; got none. Split one off the training set.",
                    nameof(validation)
                );
            Plateau.Check(plateau, state);
        }
        using var run = new TrainingRun(this, state, train, validation, progress, cancellation);
        return run.ToEnd();
    }
}
