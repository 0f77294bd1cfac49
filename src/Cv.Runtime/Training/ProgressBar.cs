using Spectre.Console;
using Spectre.Console.Rendering;

namespace Cv.Runtime;

/// <summary>
/// Keeps a bar at the foot of a terminal until it is disposed. The bar draws itself ten times a second on a thread of its own, so that
/// a step pays for storing its figures alone.
/// </summary>
sealed class ProgressBar : IDisposable
{
    const int WidestBar = 40;
    const int NarrowestBar = 8;
    const int FiguresWidth = 61;

    readonly IAnsiConsole _terminal;
    readonly ManualResetEventSlim _over = new();
    readonly Task _drawing;
    volatile StepTaken? _latest;

    public ProgressBar(IAnsiConsole terminal, TrainingStarted started)
    {
        _terminal = terminal;
        int epochWidth = ProgressText.Epoch(1, started.Epochs).Length;
        int barWidth = Math.Clamp(terminal.Profile.Width - epochWidth - FiguresWidth, NarrowestBar, WidestBar);
        var progress = terminal
            .Progress()
            .AutoClear(enabled: true)
            .HideCompleted(enabled: false)
            .Columns(
                new TextColumn(_ => ProgressText.Epoch(_latest?.Epoch ?? 1, started.Epochs)),
                new ProgressBarColumn { Width = barWidth },
                // a blank stands between two columns, and the last place stays free: a full line would move the cursor to the next
                new TextColumn(width => Figures(width - epochWidth - barWidth - 3))
            );
        double steps = (double)started.Epochs * started.StepsPerEpoch;
        _drawing = Task.Factory.StartNew(
            () => progress.Start(context => Follow(context, steps)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
    }

    public void Show(StepTaken step) => _latest = step;

    /// <summary>Writes a line above the bar.</summary>
    public void WriteAbove(string line) => _terminal.Write(new LineAbove(line));

    public void Dispose()
    {
        _over.Set();
        _drawing.Wait();
        _over.Dispose();
    }

    void Follow(ProgressContext context, double steps)
    {
        // a task must have a name; no column shows it
        var task = context.AddTask("training", maxValue: steps);
        while (!_over.Wait(TimeSpan.FromMilliseconds(50)))
            task.Value = _latest?.Step ?? 0;
        task.Value = _latest?.Step ?? 0;
    }

    string Figures(int room) => _latest is { } step ? ProgressText.Beside(step, room) : "compiling";

    sealed class TextColumn(Func<int, string> textFor) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(textFor(options.ConsoleSize.Width));
    }

    // The cursor stands where the bar begins, and the bar is drawn again below the line: without erasing, its end would show behind the line.
    sealed class LineAbove(string line) : Renderable
    {
        const string EraseBelow = "\u001b[J";

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            [Segment.Control(EraseBelow), .. ((IRenderable)new Text(line)).Render(options, maxWidth), Segment.LineBreak];
    }
}
