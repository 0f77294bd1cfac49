namespace Cv.Runtime;

/// <summary>
/// Goes back to the state after any of the last steps: copies the state before every so many of them, and takes the steps since the copy
/// again. That gives the very same state, because a step's result is the same bits each time and any batch can be made again.
/// </summary>
sealed class Rewind : IDisposable
{
    readonly ModelState _state;
    readonly int _every;
    readonly Action<long> _takeStep;

    // Two copies, because the step right after a copy may be the one that shows that the update before the copy was bad.
    ModelState? _older;
    ModelState _newer;
    long _olderAt = -1;
    long _newerAt;

    /// <summary>Starts with a copy before the first step.</summary>
    /// <param name="state">The state that the steps change.</param>
    /// <param name="every">The steps from one copy to the next.</param>
    /// <param name="takeStep">Takes the step that comes after so many updates.</param>
    /// <param name="updates">The updates so far, which cannot be gone back behind.</param>
    public Rewind(ModelState state, int every, Action<long> takeStep, long updates)
    {
        (_state, _every, _takeStep, _newerAt) = (state, every, takeStep, updates);
        _newer = state.Clone();
    }

    /// <summary>Copies the state if it is time to; to be called before each step.</summary>
    public void BeforeStep(long updates)
    {
        if (updates >= _newerAt + _every)
            Copy(updates);
    }

    /// <summary>Copies the state now: to be called after anything but a step has changed it, which taking steps again would not bring back.</summary>
    public void Copy(long updates)
    {
        if (updates > _newerAt)
        {
            (_older, _newer) = (_newer, _older ?? _state.Clone());
            (_olderAt, _newerAt) = (_newerAt, updates);
        }
        _newer.CopyFrom(_state);
    }

    /// <summary>Brings the state back to what it was after so many updates: any from the one before the newer copy on.</summary>
    public void To(long updates)
    {
        bool newer = updates >= _newerAt;
        _state.CopyFrom(newer ? _newer : _older!);
        for (long at = newer ? _newerAt : _olderAt; at < updates; at++)
            _takeStep(at);
    }

    public void Dispose()
    {
        _older?.Dispose();
        _newer.Dispose();
    }
}
