namespace Cv.Compiler;

/// <summary>
/// Keeps objects that calls use one at a time, for the next calls. One is kept for good; the others, which were made because several calls ran at once, are kept until
/// the garbage collector wants their memory.
/// </summary>
sealed class Idle<T>
    where T : class
{
    const int Most = 64;

    readonly Lock _gate = new();
    readonly List<WeakReference<T>> _more = [];
    T? _one;

    /// <summary>Takes an object out; null when none is idle.</summary>
    public T? Take()
    {
        if (Interlocked.Exchange(ref _one, null) is { } kept)
            return kept;
        lock (_gate)
            while (_more.Count > 0)
            {
                var last = _more[^1];
                _more.RemoveAt(_more.Count - 1);
                if (last.TryGetTarget(out var found))
                    return found;
            }
        return null;
    }

    /// <summary>Puts an object back.</summary>
    public void Give(T idle)
    {
        if (Volatile.Read(ref _one) is null && Interlocked.CompareExchange(ref _one, idle, null) is null)
            return;
        lock (_gate)
            if (_more.Count < Most)
                _more.Add(new(idle));
    }
}
