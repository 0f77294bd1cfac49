namespace Cv.Runtime;

/// <summary>
/// Runs a kernel's units on a few threads that spin briefly for the next kernel before they sleep. Threads take pieces of the work from a
/// common counter, so one that the system has put off holds nobody up; the units, not the pieces, decide every result, so results depend
/// neither on the number of threads nor on who did what. Who finds the threads at work for somebody else works alone, and waits for nobody.
/// </summary>
public sealed class Workers
{
    const int SpinsBeforeSleep = 20_000;
    const int PiecesPerThread = 2;
    static readonly Lock PoolGate = new();
    static readonly Dictionary<int, Workers> Pools = [];

    readonly SemaphoreSlim[] _wake;
    readonly int[] _asleep;
    Kernel? _kernel;
    long[]? _slots;
    long _units;
    long _piece;
    long _next;
    Exception? _failure;
    Claims? _call;
    int _taken;

    /// <summary>Holds the job's number, odd while it is open, above the count of helpers at work in it: one word, so that joining is one exchange.</summary>
    long _state;

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

    /// <summary>Runs all units of a kernel and returns when they are done; on this thread alone, if the others work for another caller.</summary>
    public void Run(Kernel kernel, long[] slots, long units)
    {
        // not a lock: code inside of a kernel may come here too, on any of the threads, and must not wait for itself
        if (Count == 1 || units <= 1 || Volatile.Read(ref _taken) == 1 || Interlocked.Exchange(ref _taken, 1) == 1)
        {
            kernel(slots, 0, units, 0);
            return;
        }
        Exception? failure;
        try
        {
            (_kernel, _slots, _units, _next, _failure, _call) = (kernel, slots, units, 0, null, Claims.Current);
            _piece = Math.Max(1, units / ((long)Count * PiecesPerThread));
            Volatile.Write(ref _state, JobOf(_state) + 1 << 32);
            // the write above must be seen before we look who sleeps: a worker sets its flag, then looks at the job once more
            Interlocked.MemoryBarrier();
            for (int i = 1; i < Count; i++)
                if (Volatile.Read(ref _asleep[i]) == 1 && Interlocked.Exchange(ref _asleep[i], 0) == 1)
                    _wake[i].Release();
            try
            {
                Share(0);
            }
            finally
            {
                Close();
                failure = _failure;
                (_kernel, _slots, _failure, _call) = (null, null, null, null); // the pool outlives the function
            }
        }
        finally
        {
            Volatile.Write(ref _taken, 0);
        }
        if (failure is not null)
            throw new InvalidOperationException("A kernel failed on a worker thread.", failure);
    }

    static long JobOf(long state) => state >> 32;

    static bool IsOpen(long state) => (JobOf(state) & 1) == 1;

    /// <summary>Waits for the helpers that have begun, and shuts out those that have not.</summary>
    void Close()
    {
        var pause = new SpinWait();
        for (int spins = 0; ; spins++)
        {
            long state = Volatile.Read(ref _state);
            if ((int)state == 0 && Interlocked.CompareExchange(ref _state, JobOf(state) + 1 << 32, state) == state)
                return;
            if (spins < SpinsBeforeSleep)
                Thread.SpinWait(1);
            else
                pause.SpinOnce(sleep1Threshold: -1); // yields, but never for a whole millisecond
        }
    }

    void Serve(int worker)
    {
        long done = 0;
        while (true)
        {
            long state = WaitForJob(worker, done);
            if (!IsOpen(state) || JobOf(state) == done || Interlocked.CompareExchange(ref _state, state + 1, state) != state)
                continue;
            done = JobOf(state);
            // what foreign code in the kernel calls is inside the call that the kernel is of
            Claims.Current = _call;
            try
            {
                Share(worker);
            }
            catch (Exception e)
            {
                _failure = e;
            }
            Claims.Current = null;
            Interlocked.Decrement(ref _state);
        }
    }

    long WaitForJob(int worker, long done)
    {
        long state = Volatile.Read(ref _state);
        for (int spins = 0; spins < SpinsBeforeSleep; spins++)
        {
            if (IsOpen(state) && JobOf(state) != done)
                return state;
            Thread.SpinWait(1);
            state = Volatile.Read(ref _state);
        }
        Interlocked.Exchange(ref _asleep[worker], 1);
        state = Volatile.Read(ref _state);
        bool none = !IsOpen(state) || JobOf(state) == done;
        // a job that opened in between has either released us already, or is seen here
        if (none || Interlocked.Exchange(ref _asleep[worker], 0) == 0)
            _wake[worker].Wait();
        return Volatile.Read(ref _state);
    }

    void Share(int worker)
    {
        while (true)
        {
            long from = Interlocked.Add(ref _next, _piece) - _piece;
            if (from >= _units)
                return;
            _kernel!(_slots!, from, Math.Min(from + _piece, _units), worker);
        }
    }
}
