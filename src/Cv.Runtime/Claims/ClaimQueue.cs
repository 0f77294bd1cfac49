namespace Cv.Runtime;

/// <summary>
/// Lets calls wait for memory that others use. Who came first goes first, and holds nothing meanwhile: so a call that writes is not put off for ever by calls that
/// read. A call inside another one goes before all others, since what it is inside of holds what they wait for. It is refused where it would wait for a call
/// that it is inside of, or for one that waits for it.
/// </summary>
static class ClaimQueue
{
    static readonly Lock Gate = new();
    static readonly List<Claims> Waiting = [];
    static int _count;

    /// <summary>Tells whether nobody waits.</summary>
    public static bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>Waits until all claims are taken, or cannot be.</summary>
    /// <exception cref="ReentryException">The wait would have no end.</exception>
    public static ClaimOutcome Wait(Claims claims)
    {
        claims.Prepare();
        lock (Gate)
        {
            if (claims.Around is not null)
                RefuseEndless(claims);
            Waiting.Add(claims);
            // an exchange: a call that ends either sees that somebody waits, or has ended before the look below
            Interlocked.Increment(ref _count);
            ServeAll();
        }
        try
        {
            return claims.WaitUntilServed();
        }
        catch
        {
            lock (Gate)
            {
                if (Waiting.Remove(claims))
                    Interlocked.Decrement(ref _count);
                else
                    claims.Drop();
            }
            Serve();
            throw;
        }
    }

    /// <summary>Lets those go on that can, after a call has ended.</summary>
    public static void Serve()
    {
        if (IsEmpty)
            return;
        lock (Gate)
            ServeAll();
    }

    static void ServeAll()
    {
        // what those that stay wait for is kept for them
        var kept = new Dictionary<Block, bool>();
        foreach (bool inside in (ReadOnlySpan<bool>)[true, false])
            for (int i = 0; i < Waiting.Count; i++)
            {
                var claims = Waiting[i];
                if (claims.Around is not null != inside)
                    continue;
                var outcome = !inside && Meets(claims, kept) ? ClaimOutcome.Busy : claims.TryTake();
                if (outcome == ClaimOutcome.Busy)
                {
                    if (!inside)
                        Keep(claims, kept);
                    continue;
                }
                Waiting.RemoveAt(i--);
                Interlocked.Decrement(ref _count);
                claims.Wake(outcome);
            }
    }

    static void Keep(Claims claims, Dictionary<Block, bool> kept)
    {
        foreach (var (block, writes, _) in claims.Blocks())
            kept[block] = writes || kept.GetValueOrDefault(block);
    }

    /// <summary>Tells whether claims exclude some of a set of uses, or gives the first that does.</summary>
    static bool Meets(Claims claims, Dictionary<Block, bool> used) => Conflict(claims, used) >= 0;

    static int Conflict(Claims claims, Dictionary<Block, bool> used)
    {
        foreach (var (block, writes, index) in claims.Blocks())
            if (used.TryGetValue(block, out bool written) && (writes || written))
                return index;
        return -1;
    }

    static void RefuseEndless(Claims claims)
    {
        int own = Conflict(claims, HeldAround(claims));
        if (own >= 0)
            throw new ReentryException(
                $"call: a call inside another one may read what both read, and change only what is its own; {claims.NameOf(own)} is in use by the call around it, and one of the two changes it. Give the inner call a state of its own: state.Clone(), made before the outer call."
            );
        var inside = Waiting.Where(w => w.Around is not null).ToList();
        var reached = new HashSet<Claims>();
        var next = new Stack<Claims>([claims]);
        while (next.TryPop(out var waiter))
            foreach (var other in inside)
            {
                if (Conflict(waiter, HeldAround(other)) < 0 || !reached.Add(other))
                    continue;
                if (Conflict(other, HeldAround(claims)) is var shared and >= 0)
                    throw new ReentryException(
                        $"call: two calls must not wait for each other; {other.NameOf(shared)} is in use by the call around this one, and wanted inside another call that holds what this one wants. Give the inner calls states of their own: state.Clone()."
                    );
                next.Push(other);
            }
    }

    /// <summary>Collects what is held by the calls that a call is inside of.</summary>
    static Dictionary<Block, bool> HeldAround(Claims claims)
    {
        var held = new Dictionary<Block, bool>();
        for (var around = claims.Around; around is not null; around = around.Around)
            Keep(around, held);
        return held;
    }
}
