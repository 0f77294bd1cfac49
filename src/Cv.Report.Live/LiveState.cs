using System.Text;

namespace Cv.Reporting;

/// <summary>Holds what a live page shows now: the run, and the sections as they were rendered last. Safe for any thread; nothing in it grows with the run.</summary>
sealed class LiveState
{
    readonly Lock _lock = new();
    readonly RunRecorder _run;
    readonly ChartLibrary _library;
    readonly (Markup Content, long Version)[] _sections;
    RunView _view;
    (long Run, long Sections, byte[] Bytes)? _page;
    long _changes;

    /// <summary>Begins with sections that were not rendered yet.</summary>
    public LiveState(ChartLibrary library, RunRecorder run, IEnumerable<Markup> sections)
    {
        (_library, _run) = (library, run);
        _sections = [.. sections.Select(s => (s, 0L))];
        _view = new(library, run.Snapshot());
    }

    /// <summary>Counts the sections.</summary>
    public int SectionCount => _sections.Length;

    /// <summary>Gives the run as it is now: copied once for each change, whoever asks.</summary>
    public RunView Run()
    {
        lock (_lock)
            return Current();
    }

    /// <summary>Gives a section, and the number of its last change.</summary>
    public (Markup Content, long Version) Section(int index)
    {
        lock (_lock)
            return _sections[index];
    }

    /// <summary>Replaces a section.</summary>
    public void Set(int index, Markup content)
    {
        lock (_lock)
            _sections[index] = (content, ++_changes);
    }

    /// <summary>Gives the whole page, in UTF-8. Those who ask between two changes share one.</summary>
    public byte[] Page()
    {
        lock (_lock)
        {
            var view = Current();
            if (_page is { } known && known.Run == view.Version && known.Sections == _changes)
                return known.Bytes;
            var parts = _sections.Select(s => s.Content).Prepend(Markup.Trusted(view.Html));
            byte[] bytes = Encoding.UTF8.GetBytes(Document.Write(_library, _run.Name, parts, live: true));
            _page = (view.Version, _changes, bytes);
            return bytes;
        }
    }

    RunView Current()
    {
        if (_run.Version != _view.Version)
            _view = new(_library, _run.Snapshot());
        return _view;
    }
}
