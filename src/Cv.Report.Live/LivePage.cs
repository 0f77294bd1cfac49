using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Serves a run's page on this machine while it trains, at 127.0.0.1, and no other machine can reach it. Curves move as steps are taken; sections are
/// rendered anew after an epoch, on the thread that trains, and less often where they take longer than a tenth of the time. What goes wrong with the
/// page never disturbs the training.
/// </summary>
/// <example><code>
/// var run = new RunRecorder("softmax", new ConsoleProgress());
/// using var page = LivePage.Serve(run, port: 8080, new ConfusionMatrix(program.Predict, state, test));
/// Console.WriteLine($"watch {page.Address}");
/// trainer.Train(state, batches, progress: run);
/// Console.ReadLine(); // the page is there until it is disposed
/// </code></example>
public sealed class LivePage : IDisposable
{
    const int LeastShare = 10;

    /// <summary>Bounds the clients that listen at a time.</summary>
    internal const int MostStreams = 64;

    readonly RunRecorder _run;
    readonly Section[] _sections;
    readonly ChartLibrary _library;
    readonly LiveState _state;
    readonly LiveStreams _streams;
    readonly LiveServer _server;
    readonly TimeProvider _clock = TimeProvider.System;
    long _rendered;
    TimeSpan _took;

    LivePage(ChartLibrary library, RunRecorder run, int port, Section[] sections)
    {
        (_library, _run, _sections) = (library, run, sections);
        _state = new(library, run, sections.Select(s => Markup.Of($"<h2>{s.Title}</h2><p class=\"note\">After the first epoch.</p>")));
        _streams = new(_state, MostStreams, _clock);
        _server = new(port, _state, _streams);
        run.Recorded += OnRecorded;
    }

    /// <summary>Gives the page's address, such as http://127.0.0.1:8080/.</summary>
    public Uri Address => new($"http://127.0.0.1:{_server.Port}/");

    /// <summary>Counts the clients that listen.</summary>
    internal int Listeners => _streams.Count;

    /// <summary>Starts to serve the page of a run, which the trainer may begin afterwards.</summary>
    /// <param name="run">What listens to the training; give it to the trainer.</param>
    /// <param name="port">The port; 0 takes any that is free.</param>
    /// <param name="sections">What else to show.</param>
    /// <exception cref="LivePageException">The port is taken, or may not be used.</exception>
    public static LivePage Serve(RunRecorder run, int port = 0, params Section[] sections) =>
        Serve(ChartLibrary.Embedded, run, port, sections);

    internal static LivePage Serve(ChartLibrary library, RunRecorder run, int port, Section[] sections)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(sections);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        return new(library, run, port, sections);
    }

    /// <summary>Stops serving; pages that are open show the last state, and say that the program has ended.</summary>
    public void Dispose()
    {
        _run.Recorded -= OnRecorded;
        _server.Dispose();
    }

    void OnRecorded(TrainingEvent value)
    {
        if (value is TrainingStopped || (value is EpochEnded && _clock.GetElapsedTime(_rendered) >= LeastShare * _took))
            Render();
    }

    void Render()
    {
        long start = _clock.GetTimestamp();
        for (int i = 0; i < _sections.Length; i++)
            _state.Set(i, Render(_sections[i], i + 1));
        _rendered = _clock.GetTimestamp();
        _took = _clock.GetElapsedTime(start, _rendered);
    }

    Markup Render(Section section, int part)
    {
        try
        {
            return new Page(_library, part).Body(section);
        }
        catch (Exception e)
        {
            // a page that cannot be drawn must not end hours of training
            return Markup.Of($"<h2>{section.Title}</h2><p class=\"notice\">{e.GetType().Name}: {e.Message}</p>");
        }
    }
}
