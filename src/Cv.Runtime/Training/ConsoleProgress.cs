using Spectre.Console;

namespace Cv.Runtime;

/// <summary>
/// Shows training on the console: in a terminal a bar with loss, the metrics that were asked for, images per second and time left, and a line above it for each
/// epoch that ended; when output goes to a file or a pipe, those lines alone.
/// </summary>
/// <example><code>var result = trainer.Train(state, batches, progress: new ConsoleProgress());</code></example>
public sealed class ConsoleProgress : IProgress<TrainingEvent>
{
    readonly TextWriter _output;
    readonly IAnsiConsole? _terminal;
    ProgressBar? _bar;
    int _epochs;

    /// <summary>Shows training on standard output, as a terminal if it is one.</summary>
    public ConsoleProgress()
        : this(Console.Out, !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities is { Ansi: true, Interactive: true }) { }

    /// <summary>Shows training on a writer.</summary>
    /// <param name="output">Receives the text.</param>
    /// <param name="interactive">Says whether the writer is a terminal that moves its cursor; plain lines are written if not.</param>
    public ConsoleProgress(TextWriter output, bool interactive)
    {
        _output = output;
        if (interactive)
            _terminal = AnsiConsole.Create(
                new AnsiConsoleSettings
                {
                    Ansi = AnsiSupport.Yes,
                    Interactive = InteractionSupport.Yes,
                    Out = new AnsiConsoleOutput(output),
                }
            );
    }

    /// <summary>Shows the event.</summary>
    public void Report(TrainingEvent value)
    {
        switch (value)
        {
            case TrainingStarted started:
                _epochs = started.Epochs;
                _bar?.Dispose();
                _bar = _terminal is null ? null : new(_terminal, started);
                break;
            case TrainingResumed resumed:
                if (resumed.Refused is not null)
                    Write(resumed.Refused);
                Write(ProgressText.Resumed(resumed));
                foreach (string change in resumed.Changes)
                    Write($"the run has changed: {change}");
                break;
            case StepTaken step:
                _bar?.Show(step);
                break;
            case EpochEnded ended:
                Write(ProgressText.Line(ended, _epochs));
                break;
            case TrainingStopped stopped:
                _bar?.Dispose();
                _bar = null;
                if (ProgressText.Ending(stopped) is { } ending)
                    Write(ending);
                break;
        }
    }

    void Write(string line)
    {
        if (_bar is not null)
            _bar.WriteAbove(line);
        else
            _output.WriteLine(line);
    }
}
