using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Cv.Reporting;

/// <summary>
/// Holds the event streams that are open, as many as the limit says. One more takes the place of another: of the one that has been waiting longest for its client to read, or
/// else of the oldest. So clients that never read keep nobody out, and one that was put out comes back by itself, for a browser opens its stream again.
/// </summary>
/// <param name="state">What the page shows now.</param>
/// <param name="most">The most streams at a time.</param>
/// <param name="clock">Tells the time.</param>
sealed class LiveStreams(LiveState state, int most, TimeProvider clock)
{
    static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    readonly Lock _lock = new();
    readonly List<Place> _open = [];

    /// <summary>Is one open stream.</summary>
    sealed class Place(HttpContext context)
    {
        public HttpContext Context => context;
        public long? WritingSince { get; set; }
    }

    /// <summary>Counts the streams that are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    /// <summary>Sends what changes, four times a second at most, until the client goes or all is over; then the last state, and that it is the last.</summary>
    public async Task Serve(HttpContext context, CancellationToken over)
    {
        var place = Enter(context);
        try
        {
            var changes = new LiveChanges(state);
            var events = new ArrayBufferWriter<byte>();
            long lastWritten = clock.GetTimestamp();
            while (!over.IsCancellationRequested)
            {
                events.ResetWrittenCount();
                changes.Write(events);
                // a comment now and then, by which one learns that the client has gone
                if (events.WrittenCount == 0 && clock.GetElapsedTime(lastWritten) >= Silence)
                    events.Write(":\n\n"u8);
                if (events.WrittenCount > 0)
                {
                    await Send(place, events.WrittenMemory).ConfigureAwait(false);
                    lastWritten = clock.GetTimestamp();
                    if (events.Capacity > MostKept)
                        events = new();
                }
                await Task.Delay(Often, clock, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                context.RequestAborted.ThrowIfCancellationRequested();
            }
            events.ResetWrittenCount();
            changes.Write(events);
            LiveChanges.WriteEnd(events);
            await Send(place, events.WrittenMemory).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _open.Remove(place);
        }
    }

    // the first events hold the whole page; those after them are small
    const int MostKept = 16 * 1024;

    async Task Send(Place place, ReadOnlyMemory<byte> events)
    {
        lock (_lock)
            place.WritingSince = clock.GetTimestamp();
        await place.Context.Response.Body.WriteAsync(events, place.Context.RequestAborted).ConfigureAwait(false);
        lock (_lock)
            place.WritingSince = null;
    }

    Place Enter(HttpContext context)
    {
        var place = new Place(context);
        Place? leaves = null;
        lock (_lock)
        {
            if (_open.Count >= most)
            {
                leaves = _open.Where(p => p.WritingSince is not null).MinBy(p => p.WritingSince) ?? _open[0];
                _open.Remove(leaves);
            }
            _open.Add(place);
        }
        leaves?.Context.Abort();
        return place;
    }
}
