namespace Cv.Runtime;

/// <summary>
/// Runs a kernel's units on a few threads that spin briefly for the next kernel before they sleep. Each thread takes one contiguous
/// range; the units, not the ranges, decide every result, so results do not depend on the number of threads.
/// </summary>
public sealed class Workers
{
    const int SpinsBeforeSleep = 20_000;
    static readonly Lock PoolGate = new();
    static readonly Dictionary<int, Workers> Pools = [];

    readonly Lock _gate = new();
    readonly SemaphoreSlim[] _wake;
    readonly int[] _asleep;
    Kernel? _kernel;
    long[]? _slots;
    long _units;
    volatile int _generation;
    int _pending;
    Exception? _failure;

    Workers(int count)
    {
        Count = count;
        _wake = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        _asleep = new int[count];
        for (int i = 1; i < count; i++)
        {
            int worker = i;
            new Thread(() => Serve(worker)) { IsBackground = true, Name = $"cv worker {worker}" }.Start();
        }
    }

    /// <summary>Counts the threads, the caller's included.</summary>
    public int Count { get; }

    /// <summary>Gives the pool of so many threads; one pool serves the whole process.</summary>
    public static Workers Of(int count)
    {
        lock (PoolGate)
            return Pools.TryGetValue(count, out var pool) ? pool : Pools[count] = new Workers(count);
    }

    /// <summary>Runs all units of a kernel and returns when they are done. Callers take turns.</summary>
    public void Run(Kernel kernel, long[] slots, long units)
    {
        if (Count == 1 || units == 1)
        {
            kernel(slots, 0, units, 0);
            return;
        }
        lock (_gate)
        {
            (_kernel, _slots, _units, _failure) = (kernel, slots, units, null);
            Volatile.Write(ref _pending, Count - 1);
            Interlocked.Increment(ref _generation);
            for (int i = 1; i < Count; i++)
                if (Volatile.Read(ref _asleep[i]) == 1 && Interlocked.Exchange(ref _asleep[i], 0) == 1)
                    _wake[i].Release();
            Share(0);
            var spin = new SpinWait();
            for (int i = 0; Volatile.Read(ref _pending) != 0; i++)
                if (i < SpinsBeforeSleep)
                    Thread.SpinWait(1);
                else
                    spin.SpinOnce();
            if (_failure is { } failure)
                throw new InvalidOperationException("A kernel failed on a worker thread.", failure);
        }
    }

    void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            for (int i = 0; _generation == seen && i < SpinsBeforeSleep; i++)
                Thread.SpinWait(1);
            if (_generation == seen)
            {
                Interlocked.Exchange(ref _asleep[worker], 1);
                // a run that began in between has either seen the flag and released, or is seen here
                if (_generation == seen || Interlocked.Exchange(ref _asleep[worker], 0) == 0)
                    _wake[worker].Wait();
                if (_generation == seen)
                    continue;
            }
            seen = _generation;
            try
            {
                Share(worker);
            }
            catch (Exception e)
            {
                _failure = e;
            }
            Interlocked.Decrement(ref _pending);
        }
    }

    void Share(int worker)
    {
        long from = _units * worker / Count,
            to = _units * (worker + 1) / Count;
        if (from < to)
            _kernel!(_slots!, from, to, worker);
    }
}
