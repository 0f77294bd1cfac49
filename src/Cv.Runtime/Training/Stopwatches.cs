namespace Cv.Runtime;

/// <summary>Times a run, its epochs and its steps.</summary>
sealed class Stopwatches(TimeProvider clock)
{
    readonly long _start = clock.GetTimestamp();
    long _epochStart;
    TimeSpan _runBefore;
    TimeSpan _epochBefore;
    long _firstStepEnd;
    long _steps;

    /// <summary>Gives the time since the run began.</summary>
    public TimeSpan Run => _runBefore + Session;

    /// <summary>Gives the time since the epoch began.</summary>
    public TimeSpan Epoch => _epochBefore + clock.GetElapsedTime(_epochStart);

    /// <summary>Gives the mean time of a step, validation in between included. The first one counts only while it is alone: it compiles.</summary>
    public TimeSpan PerStep => _steps > 1 ? clock.GetElapsedTime(_firstStepEnd) / (_steps - 1) : Session;

    TimeSpan Session => clock.GetElapsedTime(_start);

    public void StartEpoch() => (_epochStart, _epochBefore) = (clock.GetTimestamp(), default);

    /// <summary>Goes on with a run that took so long already, in an epoch that did.</summary>
    public void GoOn(TimeSpan run, TimeSpan epoch) => (_epochStart, _runBefore, _epochBefore) = (clock.GetTimestamp(), run, epoch);

    public void Step()
    {
        if (_steps++ == 0)
            _firstStepEnd = clock.GetTimestamp();
    }
}
