using Cv.Compiler;
using Cv.Reporting;
using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Holds what a lesson works with beside its images, and shows what it does: on the console, in a file, and live.</summary>
/// <param name="settings">What the command line says.</param>
/// <param name="stop">Asks to stop.</param>
sealed class Desk(Settings settings, CancellationToken stop) : IDisposable
{
    LivePage? _page;

    /// <summary>Says what the command line says.</summary>
    public Settings Settings => settings;

    /// <summary>Asks to stop.</summary>
    public CancellationToken Stop => stop;

    /// <summary>Says on how many threads to run.</summary>
    public CompileOptions Compile { get; } = new() { Threads = settings.Threads };

    /// <summary>Starts to show a lesson, live if that is asked for; what comes of it is heard by the recorder.</summary>
    public void Watch(RunRecorder run, params Section[] sections)
    {
        if (settings.Watch is not { } port)
            return;
        _page?.Dispose();
        _page = LivePage.Serve(run, port, sections);
        Console.WriteLine($"watch {_page.Address}");
    }

    /// <summary>Writes the lesson's page, if that is asked for; of several lessons, each into a file of its own.</summary>
    public void Keep(Lesson lesson, RunRecorder run, params Section[] sections)
    {
        if (settings.Report is not { } file)
            return;
        file.Directory?.Create();
        string name = file.FullName;
        if (settings.Lessons.Count > 1)
            name = Path.ChangeExtension(name, null) + $"-{lesson.Name}{file.Extension}";
        Report.Write(name, run, sections);
    }

    /// <summary>Says where a lesson's training is written down, if that is asked for.</summary>
    public CheckpointOptions? Checkpoint(Lesson lesson)
    {
        if (settings.Checkpoints is not { } folder)
            return null;
        folder.Create();
        return new(Path.Combine(folder.FullName, $"{lesson.Name}.checkpoint"));
    }

    public void Dispose() => _page?.Dispose();
}
