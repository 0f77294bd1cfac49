namespace Cv.Runtime;

/// <summary>Times a run, its epochs and its steps.</summary>
sealed class Stopwatches(TimeProvider clock)
{
    readonly long _start = clock.GetTimestamp();
    long _epochStart;
    long _firstStepEnd;
    long _steps;

    /// <summary>Gives the time since the run began.</summary>
    public TimeSpan Run => clock.GetElapsedTime(_start);

    /// <summary>Gives the time since the epoch began.</summary>
    public TimeSpan Epoch => clock.GetElapsedTime(_epochStart);

    /// <summary>Gives the mean time of a step, validation in between included. The first one counts only while it is alone: it compiles.</summary>
    public TimeSpan PerStep => _steps > 1 ? clock.GetElapsedTime(_firstStepEnd) / (_steps - 1) : Run;

    public void StartEpoch() => _epochStart = clock.GetTimestamp();

    public void Step()
    {
        if (_steps++ == 0)
            _firstStepEnd = clock.GetTimestamp();
    }
}
